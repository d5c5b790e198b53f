// Colours that people with a colour vision deficiency can tell apart. Good, warning and bad are blue, orange and red: in deuteranopia blue,
// light yellow and dark olive, so they differ in lightness as well. Green is not used for a meaning.
import { Threshold, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';

/** Colours from a value on; the first value is minus infinity. */
export type Steps = [color: string, from?: number][];
export const steps = (s: Steps) =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(s.map(([color, value]): Threshold => ({ color, value: value ?? null as unknown as number })));

const good = 'blue', warning = 'orange', bad = 'red';
export const neutral: Steps = [['text']];
export const lowIsBad = (low: number, enough: number): Steps => [[bad], [warning, low], [good, enough]];
export const highIsBad = (high: number, tooHigh: number): Steps => [[good], [warning, high], [bad, tooHigh]];
/** A change against the past: only what got worse is coloured. */
export const fallIsBad = (warn: number, worst: number): Steps => [[bad], [warning, worst], ['text', warn]];

// The eight colours of Okabe and Ito (2008).
const o = { orange: '#E69F00', sky: '#56B4E9', green: '#009E73', yellow: '#F0E442', blue: '#0072B2', vermillion: '#D55E00', purple: '#CC79A7', gray: '#999999' };

/** As lowIsBad, but a value from odd on is no good news: it is pink, which nobody takes for blue. */
export const lowIsBadHighIsOdd = (low: number, enough: number, odd: number): Steps => [...lowIsBad(low, enough), [o.purple, odd]];

/** Outgoing answered of all countries. Few honest destinations answer nine calls of ten. */
export const asrSteps = lowIsBadHighIsOdd(0.3, 0.4, 0.9);

export const outcomeColors: Record<string, string> = {
  answered: o.blue, no_answer: o.sky, busy: o.yellow, abandoned: o.purple, unreachable: o.orange, no_service: o.green, failed: o.vermillion, unknown: o.gray,
};
export const outgoingColors = { ASR: o.blue, NER: o.orange };
export const incomingColors = { answered: o.blue, missed: o.vermillion };
export const serviceColors = { 'service level': o.blue, missed: o.vermillion };
export const diallerColors = { abandoned: o.purple };
export const quantileColors = { p50: o.blue, p95: o.orange, p99: o.vermillion };
export const sipColors: Record<string, string> = {
  200: o.blue, 403: o.green, 404: '#8C6BB1', 408: '#A6DDF5', 480: o.sky, 484: '#C7B3DD', 486: o.yellow, 487: o.orange, 500: '#8A3D00', 502: '#F2995C', 503: o.vermillion, 603: o.purple, unknown: o.gray,
};
export const apiStatusColors: Record<string, string> = {
  0: o.blue, '-1': '#8A3D00', '-2': '#F2995C', '-15': o.orange, '-16': o.yellow, '-18': o.vermillion, '-22': o.purple, '-23': o.sky, '-76': o.green,
  http_4xx: '#C7B3DD', http_5xx: '#8C6BB1', timeout: '#A6DDF5', connection: '#5E4B00', decode: '#E8B6D0', other: o.gray,
};
export const recordColors = { counted: o.blue, duplicate: o.gray, baseline: o.sky, pending: o.yellow, too_old: o.orange, invalid: o.vermillion };
export const findingColors = { 'found late': o.orange, deleted: o.purple, 'label overflow': o.vermillion };
export const seriesColors = { series: o.blue, 'shown as 0 for now': o.orange };
