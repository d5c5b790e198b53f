// Links from a row, a bar or a line to the dashboard that shows more of it. The time range and all variables are kept.

export interface Link { title: string; url: string }

/** The variables that a dashboard hands on. */
const handed = ['account', 'agent_group', 'call_type', 'country'] as const;
type Handed = (typeof handed)[number];

const to = (uid: string, variable: Handed, value: string, from: readonly Handed[]) =>
  `/d/${uid}?\${__url_time_range}&\${datasource:queryparam}&` + from.filter(v => v !== variable).map(v => `\${${v}:queryparam}&`).join('') + `var-${variable}=${value}`;

/** In a table: the value of a column of the row. */
const rowTo = (uid: string, variable: Handed, column: string, title: string, from: readonly Handed[] = handed): Link => ({ title, url: to(uid, variable, `\${__data.fields["${column}"]:percentencode}`, from) });
/** In a time series or bar gauge: a label of the series. */
const seriesTo = (uid: string, variable: Handed, title: string): Link => ({ title, url: to(uid, variable, `\${__field.labels.${variable}:percentencode}`, handed) });

export const groupRow: Link[] = [rowTo('itnio-agent-groups', 'agent_group', 'Agent group', 'This group')];
export const groupRowToCountries: Link[] = [rowTo('itnio-countries', 'agent_group', 'Agent group', 'The countries this group calls')];
export const agentRowToGroup: Link[] = [rowTo('itnio-agent-groups', 'agent_group', 'Agent group', 'This group', ['account'])];
export const countryRow: Link[] = [
  rowTo('itnio-countries', 'country', 'Code', 'This country'), rowTo('itnio-overview', 'country', 'Code', 'Overview of this country'), rowTo('itnio-agent-groups', 'country', 'Code', 'Agent groups that talk to this country'),
];
export const groupSeries: Link[] = [seriesTo('itnio-agent-groups', 'agent_group', 'This group')];
export const countrySeries: Link[] = [seriesTo('itnio-countries', 'country', 'This country')];

/** From an alert: to its section in the docs, whose address the rules have. */
export const runbook: Link[] = [{ title: 'What to do', url: '${__data.fields["url"]}#${__value.raw}' }];
export const alertGroup: Link[] = groupRow;
export const alertCountry: Link[] = [rowTo('itnio-countries', 'country', 'Code', 'This country')];
