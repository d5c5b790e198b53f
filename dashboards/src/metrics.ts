import { Kinds, rankColors } from './palette';

// PromQL of the KPIs, each in one place. A ratio is a ratio of sums; counters are read with increase over the panel's window.

/** Matchers of the dashboards' variables. */
const ACCOUNT = 'account=~"$account"';
const GROUP = 'agent_group=~"$agent_group"';
const COUNTRY = 'country=~"$country"';
const CALL_TYPE = 'call_type=~"$call_type"';

export const byAccount = ACCOUNT;
export const byGroup = `${ACCOUNT}, ${GROUP}`;
export const byCall = `${ACCOUNT}, ${GROUP}, ${COUNTRY}`;
export const byCallAndType = `${byCall}, ${CALL_TYPE}`;
export const bySIP = `${ACCOUNT}, ${COUNTRY}, ${CALL_TYPE}`;

/** Bounds as old and new Prometheus servers store them: le="20" and le="20.0". */
const bound = (seconds: number | string) => `le=~"${seconds}([.]0)?"`;

/** What a value is computed over, and how long ago that ended. */
export interface Window { range: string; offset?: string }
/** One number for the time range. */
export const whole: Window = { range: '$__range' };
/** The steps of a time series or the rows of a table by interval: they tile. */
export const step: Window = { range: '$__interval' };
/** The hour, or half hour, before each point: ratios need calls. */
export const hour: Window = { range: '1h' };
export const halfHour: Window = { range: '30m' };
export const weekAgo = (w: Window): Window => ({ ...w, offset: '1w' });

const increase = (metric: string, labels: string, w: Window) => `increase(${metric}{${labels}}[${w.range}]${w.offset ? ` offset ${w.offset}` : ''})`;
const sum = (by: string[], expr: string) => (by.length ? `sum by (${by.join(', ')}) (${expr})` : `sum(${expr})`);

/** a / b where there is something to divide; a missing numerator is 0. */
const ratio = (a: string, b: string) => `(${a} or 0 * ${b}) / (${b} > 0)`;

export const calls = (w: Window, by: string[] = [], labels = byCallAndType) => sum(by, increase('itnio_calls_total', labels, w));
export const outgoing = `${byCall}, call_type="outgoing"`;
export const incoming = `${byCall}, call_type="incoming"`;
const dialler = `${byCall}, call_type="group_call"`;
/** Calls that we place. */
export const placed = `${byCall}, call_type=~"outgoing|group_call"`;

export const attempts = (w: Window, by: string[] = []) => calls(w, by, outgoing);
export const offered = (w: Window, by: string[] = []) => calls(w, by, incoming);
export const answered = (w: Window, by: string[] = []) => calls(w, by, `${incoming}, outcome="answered"`);
export const missed = (w: Window, by: string[] = []) => calls(w, by, `${incoming}, outcome="no_answer"`);
export const missedShare = (w: Window, by: string[] = []) => ratio(missed(w, by), offered(w, by));

/** Calls of the last half hour against the same time last week, where that had ten. */
export const callsNowAgainstLastWeek = (by: string[]) => `${calls(halfHour, by)} / (${calls(weekAgo(halfHour), by)} >= 10) - 1`;

export const asr = (w: Window, by: string[] = []) => ratio(calls(w, by, `${outgoing}, outcome="answered"`), attempts(w, by));
export const ner = (w: Window, by: string[] = []) =>
  ratio(calls(w, by, `${outgoing}, outcome=~"answered|busy|no_answer|unreachable"`), attempts(w, by));

const talk = (suffix: string, w: Window, by: string[], labels: string) =>
  sum(by, increase(`itnio_call_duration_seconds_${suffix}`, labels, w));
export const talked = (w: Window, by: string[] = [], labels = outgoing) => talk('count', w, by, labels);
export const acd = (w: Window, by: string[] = [], labels = outgoing) =>
  `${talk('sum', w, by, labels)} / (${talk('count', w, by, labels)} > 0)`;
export const minutes = (w: Window, by: string[] = [], labels = outgoing) => `${talk('sum', w, by, labels)} / 60`;
export const shortCalls = (w: Window, by: string[] = []) =>
  ratio(talk('bucket', w, by, `${outgoing}, ${bound(6)}`), talk('count', w, by, outgoing));
/** Seconds are credited when a call ends, so an hour is the least that makes sense. */
export const erlang = (by: string[] = [], labels = byCallAndType) =>
  sum(by, `rate(itnio_call_duration_seconds_sum{${labels}}[1h])`);

const ring = (suffix: string, w: Window, by: string[], labels: string) =>
  sum(by, increase(`itnio_call_ring_duration_seconds_${suffix}`, labels, w));
export const inTime = (w: Window, by: string[] = []) => ring('bucket', w, by, `${incoming}, answered="true", ${bound('$answered_within')}`);
export const serviceLevel = (w: Window, by: string[] = []) => {
  const all = ring('count', w, by, incoming);
  const early = ring('bucket', w, by, `${incoming}, answered="false", ${bound('$missed_within')}`);
  return `(${inTime(w, by)} or 0 * ${all}) / ((${all} - (${early} or 0 * ${all})) > 0)`;
};
export const asa = (w: Window, by: string[] = []) =>
  `${ring('sum', w, by, `${incoming}, answered="true"`)} / (${ring('count', w, by, `${incoming}, answered="true"`)} > 0)`;
export const answerDelay = (q: number, w: Window, by: string[] = []) =>
  `histogram_quantile(${q}, ${ring('bucket', w, [...by, 'le'], `${incoming}, answered="true"`)})`;
/** The bucket bound that no call of the window rang longer than; the last bound if one did. */
export const longestRing = (w: Window) => `histogram_quantile(1, ${ring('bucket', w, ['le'], incoming)})`;
export const ringBuckets = (labels: string) => ring('bucket', { range: '$__rate_interval' }, ['le'], `${byCall}, ${labels}`);
export const talkBuckets = () => talk('bucket', { range: '$__rate_interval' }, ['le'], byCallAndType);
/** Incoming calls that were hung up within three seconds. */
export const oneRing = (w: Window, by: string[]) => ring('bucket', w, by, `${incoming}, answered="false", ${bound(3)}`);

const transfers = `${dialler}, outcome=~"abandoned|answered"`;
export const diallerTransfers = (w: Window) => calls(w, [], transfers);
export const diallerAbandonment = (w: Window) => ratio(calls(w, [], `${dialler}, outcome="abandoned"`), diallerTransfers(w));

const hungUp = `${byCallAndType}, outcome="answered", hangup_party=~"agent|customer"`;
export const hangups = (w: Window, by: string[] = []) => calls(w, by, hungUp);
export const agentHangups = (w: Window, by: string[] = []) =>
  ratio(calls(w, by, `${byCallAndType}, outcome="answered", hangup_party="agent"`), hangups(w, by));

export const sinceLastCall = (by: string[] = ['agent_group']) => `time() - max by (${by.join(', ')}) (itnio_last_call_timestamp_seconds{${byGroup}})`;

export const sipCalls = (w: Window) => sum(['code'], increase('itnio_call_sip_responses_total', bySIP, w));

/** Per minute instead of per window. */
export const perMinute = (metric: string, labels: string, by: string[] = []) => `${sum(by, `rate(${metric}{${labels}}[$__rate_interval])`)} * 60`;
/** By the values of a label that are not 0 throughout the range. */
export const perMinuteBy = (label: string, metric: string, labels: string) => nonZero(label, perMinute(metric, labels, [label]), metric, labels);
/** By kinds of a label's values, in the label "kind", where they are not 0 throughout the range. */
export const perMinuteByKind = (label: string, kinds: Kinds, metric: string, labels: string) => {
  const byKind = (expr: string) => sum(['kind'], Object.entries(kinds).reduce(
    (e, [kind, [, pattern]]) => (pattern ? `label_replace(${e}, "kind", "${kind}", "${label}", "${pattern}")` : e), `label_replace(${sum([label], expr)}, "kind", "other", "", "")`,
  ));
  return `${byKind(`rate(${metric}{${labels}}[$__rate_interval])`)} * 60 and on (kind) ${byKind(`increase(${metric}{${labels}}[$__range] @ end())`)} > 0`;
};

/** A ratio only where it is one of at least so many calls. */
export const ofAtLeast = (calls: number, ratio: string, volume: string) => `${ratio} and ${volume} >= ${calls}`;

/** The same eight countries, or groups, at every point of a time series: those with the highest volume in the range. A label says their rank, which their colour goes by. */
export const ranked = (label: string, expr: string, metric: string, labels: string) => {
  const top = rankColors.map((_, i) => `label_replace(topk(${i + 1}, ${sum([label], `increase(${metric}{${labels}}[$__range] @ end())`)} > 0), "of", "${i + 1}", "", "")`);
  return `(${expr}) * on (${label}) group_left (rank) count_values by (${label}) ("rank", ${top.length + 1} - count by (${label}) (${top.join(' or ')}))`;
};
/** Those with the most calls. */
export const busiest = (label: string, expr: string, labels = byCall) => ranked(label, expr, 'itnio_calls_total', labels);

/** Without the series that are 0 throughout the range. Filtering each point would tear holes into the others. */
export const nonZero = (label: string, expr: string, metric: string, labels: string) =>
  `${expr} and on (${label}) sum by (${label}) (increase(${metric}{${labels}}[$__range] @ end())) > 0`;

/** Names of countries; calls without a known country, and those beyond a limit, have none of their own. */
const unnamed = (value: string) => `label_replace(label_replace(vector(1), "country", "${value}", "", ""), "name", "${value}", "", "")`;
const names = `(topk by (country) (1, itnio_country_info{name!=""}) or on (country) ${unnamed('unknown')} or on (country) ${unnamed('other')})`;
/** An expression by country, with the country's name as a label beside its code. */
export const named = (expr: string) => `(${expr}) * on (country) group_left (name) ${names}`;

/** Countries that the rules did not know at some time in the range, once they had learned: what ItnioFirstTimeCountry fires on. */
export const firstTime =
  `sum by (job, account, country) (itnio_calls_total{${placed}, country!~"unknown|other"}) > 0 unless account_country:itnio_known:bool and on (job, account) account:itnio_learned:bool == 1`;
