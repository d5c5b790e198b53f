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

/** Bounds as old and new Prometheus servers store them: le="20" and le="20.0". */
const bound = (seconds: number) => `le=~"${seconds}([.]0)?"`;

/** The window of a time series, and that of a number for the whole time range. */
export type Window = '$__rate_interval' | '$__range' | '1h' | '$__range] offset 1w';
export const series: Window = '$__rate_interval';
export const whole: Window = '$__range';

const increase = (metric: string, labels: string, window: string) =>
  window.endsWith('] offset 1w')
    ? `increase(${metric}{${labels}}[${window.replace('] offset 1w', '')}] offset 1w)`
    : `increase(${metric}{${labels}}[${window}])`;

const sum = (by: string[], expr: string) => (by.length ? `sum by (${by.join(', ')}) (${expr})` : `sum(${expr})`);

/** a / b where there is something to divide; a missing numerator is 0. */
const ratio = (a: string, b: string) => `(${a} or 0 * ${b}) / (${b} > 0)`;

export const calls = (w: Window, by: string[] = [], labels = byCallAndType) => sum(by, increase('itnio_calls_total', labels, w));
const outgoing = `${byCall}, call_type="outgoing"`;
const incoming = `${byCall}, call_type="incoming"`;
const dialler = `${byCall}, call_type="group_call"`;

export const attempts = (w: Window, by: string[] = []) => calls(w, by, outgoing);
export const offered = (w: Window, by: string[] = []) => calls(w, by, incoming);

export const asr = (w: Window, by: string[] = []) => ratio(calls(w, by, `${outgoing}, outcome="answered"`), attempts(w, by));
export const ner = (w: Window, by: string[] = []) =>
  ratio(calls(w, by, `${outgoing}, outcome=~"answered|busy|no_answer|unreachable"`), attempts(w, by));

const talk = (suffix: string, w: Window, by: string[], labels: string) =>
  sum(by, increase(`itnio_call_duration_seconds_${suffix}`, labels, w));
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
export const serviceLevel = (w: Window, by: string[] = []) => {
  const inTime = ring('bucket', w, by, `${incoming}, answered="true", ${bound(20)}`);
  const all = ring('count', w, by, incoming);
  const early = ring('bucket', w, by, `${incoming}, answered="false", ${bound(5)}`);
  const judged = `(${all} - (${early} or 0 * ${all}))`;
  return `(${inTime} or 0 * ${all}) / (${judged} > 0)`;
};
export const asa = (w: Window, by: string[] = []) =>
  `${ring('sum', w, by, `${incoming}, answered="true"`)} / (${ring('count', w, by, `${incoming}, answered="true"`)} > 0)`;
export const answerDelay = (q: number, w: Window, by: string[] = []) =>
  `histogram_quantile(${q}, ${ring('bucket', w, [...by, 'le'], `${incoming}, answered="true"`)})`;
export const ringBuckets = (labels: string) => ring('bucket', series, ['le'], `${byCall}, ${labels}`);
export const talkBuckets = () => talk('bucket', series, ['le'], byCallAndType);
export const answered = (w: Window, by: string[] = []) => calls(w, by, `${incoming}, outcome="answered"`);
export const missed = (w: Window, by: string[] = []) => calls(w, by, `${incoming}, outcome="no_answer"`);
export const missedShare = (w: Window, by: string[] = []) => ratio(missed(w, by), offered(w, by));
export const diallerAbandonment = (w: Window, by: string[] = []) =>
  ratio(calls(w, by, `${dialler}, outcome="abandoned"`), calls(w, by, `${dialler}, outcome=~"abandoned|answered"`));
export const agentHangups = (w: Window, by: string[] = []) =>
  ratio(
    calls(w, by, `${byCallAndType}, outcome="answered", hangup_party="agent"`),
    calls(w, by, `${byCallAndType}, outcome="answered", hangup_party=~"agent|customer"`),
  );
export const sipResponses = (w: Window, by: string[]) =>
  sum(by, increase('itnio_call_sip_responses_total', `${ACCOUNT}, ${COUNTRY}, ${CALL_TYPE}`, w));

/** Per minute instead of per window. */
export const perMinute = (metric: string, labels: string, by: string[] = []) => `${sum(by, `rate(${metric}{${labels}}[$__rate_interval])`)} * 60`;
