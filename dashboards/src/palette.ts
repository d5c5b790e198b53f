// Colours that people with a colour vision deficiency can tell apart: check/colours_test.go computes how a panel's colours look in deuteranopia, and asks for
// a least difference between any two. Lightness does what hue cannot: in deuteranopia orange, red and green are one mustard.
import { Threshold, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';

export type Level = 'good' | 'warning' | 'bad' | 'odd' | 'plain';

/** Behind a number: what is good is tinted, a warning is light and has dark digits, what is bad is dark and has white ones. The digits are chosen by Grafana. */
export const fills: Record<Level, string> = { good: 'rgba(87, 148, 242, 0.24)', warning: '#FFD54A', bad: '#B1101F', odd: '#DA96FF', plain: 'transparent' };
/** Bars and marks on a map, which have no digits in them. */
const shapes: Record<Level, string> = { ...fills, good: '#2566C8', plain: 'text' };

/** Levels from a value on; the first value is minus infinity. */
export type Steps = [level: Level, from?: number][];
const steps = (colors: Record<Level, string>) => (s: Steps) =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(s.map(([level, value]): Threshold => ({ color: colors[level], value: value ?? null as unknown as number })));
export const fillSteps = steps(fills);
export const shapeSteps = steps(shapes);

export const lowIsBad = (low: number, enough: number): Steps => [['bad'], ['warning', low], ['good', enough]];
export const highIsBad = (high: number, tooHigh: number): Steps => [['good'], ['warning', high], ['bad', tooHigh]];
/** A change against the past: only what got worse is coloured. */
export const fallIsBad = (warn: number, worst: number): Steps => [['bad'], ['warning', worst], ['plain', warn]];
/** As lowIsBad, but a value from odd on is no good news. */
export const lowIsBadHighIsOdd = (low: number, enough: number, odd: number): Steps => [...lowIsBad(low, enough), ['odd', odd]];

/** Outgoing answered of all countries. Few honest destinations answer nine calls of ten. */
export const asrSteps = lowIsBadHighIsOdd(0.3, 0.4, 0.9);

// Eight colours for what is named: the same thing has one colour on every panel. Of those that are seen every day only what failed is vivid and warm, so that it is picked out in deuteranopia.
const c = { blue: '#0984DC', sky: '#8ED2F6', yellow: '#FCDC2B', purple: '#652B70', brown: '#673D1F', mint: '#27D5A7', red: '#E85305', gray: '#7E7376' };

export const outcomeColors = {
  answered: c.blue, no_answer: c.sky, busy: c.gray, abandoned: c.mint, unreachable: c.brown, no_service: c.purple, failed: c.red, unknown: c.yellow,
};
/** SIP codes by what they say of a call, in the colour of that outcome. The pattern matches the code; what none matches is “other”. */
export const sipCodes: Kinds = {
  '200 answered': [c.blue, '200'], '487 cancelled': [c.sky, '487'], '486, 600 busy': [c.gray, '486|600'], '403, 603 refused': [c.mint, '403|603|607|608'],
  '408, 480 not reached': [c.brown, '408|480'], '404, 484 wrong number': [c.purple, '404|410|484|604'], '5xx network failed': [c.red, '5..'], other: [c.yellow],
};
/** Statuses of the API's answers and ways of failing by what to do about them. */
export const apiStatuses: Kinds = {
  '0 success': [c.blue, '0'], '-23, -76 window too long': [c.sky, '-23|-76'], '-15 too many requests': [c.gray, '-15'], '-1, -2, -16, -22 refused': [c.purple, '-1|-2|-16|-22'],
  'timeout, connection': [c.brown, 'timeout|connection'], 'http_4xx': [c.mint, 'http_4xx'], '-18, http_5xx, decode: API failed': [c.red, '-18|http_5xx|decode'], other: [c.yellow],
};
export type Kinds = Record<string, [color: string, pattern?: string]>;
export const kindColors = (kinds: Kinds) => Object.fromEntries(Object.entries(kinds).map(([name, [color]]) => [name, color]));

export const outgoingColors = { ASR: c.blue, NER: c.mint };
export const incomingColors = { answered: c.blue, missed: c.red };
export const serviceColors = { 'service level': c.blue, missed: c.red };
export const diallerColors = { abandoned: c.mint };
export const quantileColors = { p50: c.sky, p95: c.blue, p99: c.red };
export const recordColors = { counted: c.blue, duplicate: c.gray, baseline: c.sky, pending: c.mint, too_old: c.purple, invalid: c.red };
export const findingColors = { 'found late': c.blue, deleted: c.mint, 'label overflow': c.red };
export const seriesColors = { series: c.blue, 'shown as 0 for now': c.red };

/** Lines and areas of what has no colour of its own, by rank: "1 China", "2 India". As lines every other one is dashed. */
export const rankColors = ['#6745DF', '#EDC0AB', '#0D9E92', '#858AE9', '#B5BC26', '#22646F', '#D71448', '#E6A8DC'];
