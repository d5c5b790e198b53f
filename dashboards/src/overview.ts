import { dashboard } from './dashboard';
import { alertCountry, alertGroup, countrySeries, groupRow, runbook } from './links';
import * as m from './metrics';
import { asrSteps, fallIsBad, fills, highIsBad, incomingColors, lowIsBad, outcomeColors, outgoingColors, serviceColors } from './palette';
import { bars, hms, query, row, seconds, stat, timeseries } from './panels';
import { Column, table } from './table';

const nowAndLastWeek = (expr: (w: m.Window) => string, volume?: (w: m.Window) => string) =>
  ({ expr: expr(m.halfHour), lastWeek: expr(m.weekAgo(m.halfHour)), volume: volume?.(m.halfHour) });
const rules = 'alertname=~"Itnio.+", account=~"$account|"';
const firing = `${rules}, alertstate="firing"`;

/** The 30 minutes before the end of the time range, beside the same time a week before. Shared with the agent groups' dashboard. */
export const now = {
  calls: () => stat({ title: 'Calls now', decimals: 0, ...nowAndLastWeek(w => m.calls(w)), description: 'Calls that ended in the last 30 minutes, and at the same time last week.' }),
  asr: () => stat({ title: 'Outgoing ASR now', unit: 'percentunit', decimals: 1, ...nowAndLastWeek(w => m.asr(w), w => m.attempts(w)), steps: asrSteps, noValue: 'no outgoing calls', description: 'Answered / attempts, outgoing calls of the last 30 minutes (ASR, ITU-T E.411). Coloured from 20 attempts on; violet from 90 %, which is rarely honest traffic.' }),
  offered: () => stat({ title: 'Offered now', decimals: 0, ...nowAndLastWeek(w => m.offered(w)), noValue: 'no incoming calls', description: 'Incoming calls that ended in the last 30 minutes, and at the same time last week.' }),
  level: () => stat({ title: 'Service level now', unit: 'percentunit', decimals: 1, ...nowAndLastWeek(w => m.serviceLevel(w), w => m.offered(w)), steps: lowIsBad(0.7, 0.8), noValue: 'no calls to judge', description: 'Incoming calls of the last 30 minutes: answered within $answered_within s / (offered − missed within $missed_within s). Coloured from 20 calls on.' }),
  missed: () => stat({ title: 'Missed now', unit: 'percentunit', decimals: 1, ...nowAndLastWeek(w => m.missedShare(w), w => m.offered(w)), steps: highIsBad(0.1, 0.2), noValue: 'no incoming calls', description: 'Incoming calls of the last 30 minutes that nobody answered / offered. Coloured from 20 calls on.' }),
  asa: () => stat({ title: 'Answer speed now (ASA)', unit: seconds, decimals: 1, ...nowAndLastWeek(w => m.asa(w), w => m.answered(w)), steps: highIsBad(20, 40), noValue: 'no answered calls', description: 'Average speed of answer of the incoming calls of the last 30 minutes: ring seconds / answered. Coloured from 20 calls on.' }),
  age: () => stat({ title: 'Age of the data', unit: 's', decimals: 0, noValue: 'no data', expr: `time() - min(itnio_exporter_complete_until_timestamp_seconds{${m.byAccount}})`, steps: highIsBad(300, 900), description: 'How long ago everything that the API showed was counted, for the account that is furthest behind.' }),
  alerts: () => stat({ title: 'Alerts firing', decimals: 0, noValue: '0', expr: `count(ALERTS{${firing}}) or vector(0)`, steps: highIsBad(1, 3), description: 'Alerts of the rules that come with the exporter. They are listed in the next row.' }),
  silent: () => stat({ title: 'Longest without a call', unit: 's', decimals: 0, noValue: 'no calls', expr: `max(${m.sinceLastCall()})`, description: 'Time since the last call of the chosen agent group that has had none for longest. The table of groups says which it is.' }),
};

/** What goes on now, by group: a table of hours would hide it. */
export const missedNow = m.ofAtLeast(10, m.missedShare(m.halfHour, ['agent_group']), m.offered(m.halfHour, ['agent_group']));
export const groupsNow: Column[] = [
  { id: 'missednow', title: 'Missed now', unit: 'percentunit', decimals: 1, steps: highIsBad(0.1, 0.2), width: 94 },
  { id: 'callsnow', title: 'Δcalls now', unit: 'percentunit', decimals: 0, steps: fallIsBad(-0.3, -0.5), width: 92 },
];

export const overview = () =>
  dashboard({
    uid: 'itnio-overview', title: 'Call centre: overview', variables: ['account', 'agent_group', 'call_type', 'country', 'answered_within', 'missed_within'],
    description: 'Finished calls at a glance: what is going on now, how many there were, what became of them, where they went, and whether the numbers can be trusted.',
  })
    .withRow(row('Now: the last 30 minutes, and the same time last week'))
    .withPanel(now.calls()).withPanel(now.asr()).withPanel(now.level()).withPanel(now.missed()).withPanel(now.age()).withPanel(now.alerts())
    .withPanel(table({
      title: 'Firing alerts', height: 7, noValue: 'No alert is firing', sort: 'Since', drop: ['alertstate', 'Value #A', 'job', 'instance', 'label', 'status', 'threshold', 'exported_account'],
      description: 'Alerts of the rules that come with the exporter. “Since” is when its condition began, the newest first. The name of an alert leads to what to do about it, a group or country to its dashboard.',
      queries: {
        A: `(${m.named(`ALERTS{${firing}, country!=""}`)} or ALERTS{${firing}, country=""}) * on () group_left (url) itnio:runbooks:info`,
        since: `ALERTS_FOR_STATE{${rules}} * 1000 and ignoring (alertstate) ALERTS{${firing}}`,
      },
      labels: [
        { id: 'severity', title: 'Severity', width: 90, color: 'background', mappings: [{ type: 'value', options: { critical: { color: fills.bad, index: 0 }, warning: { color: fills.warning, index: 1 } } }] },
        { id: 'alertname', title: 'Alert', minWidth: 200, links: runbook }, { id: 'team', title: 'Team', width: 110 }, { id: 'account', title: 'Account', width: 130 },
        { id: 'agent_group', title: 'Agent group', minWidth: 120, links: alertGroup }, { id: 'name', title: 'Country', minWidth: 120, links: alertCountry },
        { id: 'country', title: 'Code', width: 60 }, { id: 'code', title: 'SIP', width: 60 }, { id: 'url', title: 'url', hidden: true },
      ],
      values: [{ id: 'since', title: 'Since', unit: 'time:DD MMM HH:mm', width: 110, first: true }],
    }))
    .withRow(row('The time range'))
    .withPanel(stat({ title: 'Calls', decimals: 0, expr: m.calls(m.whole), description: 'Finished calls in the time range. A call is counted when it ends.' }))
    .withPanel(stat({ title: 'Outgoing answered (ASR)', unit: 'percentunit', decimals: 1, expr: m.asr(m.whole), volume: m.attempts(m.whole), noValue: 'no outgoing calls', steps: asrSteps, description: 'Answer-seizure ratio of outgoing calls: answered / attempts (ITU-T E.411). Coloured from 20 attempts on; violet from 90 %, which is rarely honest traffic.' }))
    .withPanel(stat({ title: 'Service level', unit: 'percentunit', decimals: 1, expr: m.serviceLevel(m.whole), volume: m.offered(m.whole), noValue: 'no calls to judge', steps: lowIsBad(0.7, 0.8), description: 'Incoming calls answered within $answered_within s / (offered − missed within $missed_within s). The usual target is 80 %. Coloured from 20 calls on.' }))
    .withPanel(stat({ title: 'Missed', unit: 'percentunit', decimals: 1, expr: m.missedShare(m.whole), volume: m.offered(m.whole), noValue: 'no incoming calls', steps: highIsBad(0.1, 0.2), description: 'Incoming calls that nobody answered / offered. Coloured from 20 calls on.' }))
    .withPanel(stat({ title: 'Talk time per call (ACD)', unit: 's', decimals: 1, expr: m.acd(m.whole, [], m.byCallAndType), noValue: 'no answered calls', description: 'Average length of conversation: talk seconds / answered calls (ITU-T E.437).' }))
    .withPanel(stat({ title: 'Traffic', unit: 'suffix: erl', decimals: 1, expr: m.erlang(), noValue: 'no answered calls', description: 'Calls in conversation on average over the last hour (erlang, ITU-T E.600): talk seconds / seconds. The seconds of a call are added when it ends.' }))
    .withPanel(timeseries({ title: 'Calls by outcome', unit: 'suffix: /min', stacked: true, colors: outcomeColors, interval: '5m', targets: [query(m.perMinuteBy('outcome', 'itnio_calls_total', m.byCallAndType), '{{outcome}}')], description: 'Finished calls a minute by what became of them. A call is counted when it ends.' }))
    .withPanel(timeseries({
      title: 'Calls against last week', unit: 'suffix: /h', interval: '5m', dashed: ['last week'], colors: { 'this week': incomingColors.answered }, noValue: 'no recorded calls: are the recording rules loaded?',
      targets: [
        query('sum(sum_over_time(account_agent_group:itnio_calls:increase5m{account=~"$account", agent_group=~"$agent_group", call_type=~"$call_type"}[1h]))', 'this week'),
        query('sum(sum_over_time(account_agent_group:itnio_calls:increase5m{account=~"$account", agent_group=~"$agent_group", call_type=~"$call_type"}[1h] offset 1w))', 'last week'),
      ],
      description: 'Calls of the hour before each point, and of the same hour a week before. Read from the recording rules; the country variable does not apply.',
    }))
    .withPanel(timeseries({ title: 'Outgoing: answered and delivered (sliding hour)', unit: 'percentunit', max: 1, interval: '5m', colors: outgoingColors, noValue: 'no outgoing calls in this range', targets: [query(m.asr(m.hour), 'ASR'), query(m.ner(m.hour), 'NER')], description: 'Over the hour before each point. ASR = answered / attempts. NER = (answered + busy + no answer + unreachable) / attempts (ITU-T E.425): what is missing to 100 % was lost in the network.' }))
    .withPanel(timeseries({
      title: 'Incoming: service level and missed calls (sliding hour)', unit: 'percentunit', max: 1, interval: '5m', colors: serviceColors, dashed: ['objective'], noValue: 'no incoming calls in this range',
      targets: [query(m.serviceLevel(m.hour), 'service level'), query(m.missedShare(m.hour), 'missed'), query(`min(account:itnio_threshold:service_level_objective{${m.byAccount}})`, 'objective')],
      description: 'Over the hour before each point. Service level = answered within $answered_within s / (offered − missed within $missed_within s). Missed = not answered / offered. The objective is the one of the alerts (thresholds.yml).',
    }))
    .withPanel(table({
      title: 'Agent groups', width: 12, height: 10, sort: 'Calls',
      description: 'The time range in one line for each group. Missed and service level are of incoming calls. “Missed now” is of the last 30 minutes; “Δcalls now” is the calls of the last 30 minutes against the same time last week, where that had 10. Ratios of fewer than 10 calls are left out. “Last call” is how long ago a call ended (h:mm:ss). A name leads to the group\'s dashboard.',
      queries: {
        calls: m.calls(m.whole, ['agent_group']), offered: m.offered(m.whole, ['agent_group']),
        missed: m.ofAtLeast(10, m.missedShare(m.whole, ['agent_group']), m.offered(m.whole, ['agent_group'])), level: m.ofAtLeast(10, m.serviceLevel(m.whole, ['agent_group']), m.offered(m.whole, ['agent_group'])),
        missednow: missedNow, callsnow: m.callsNowAgainstLastWeek(['agent_group']), last: m.sinceLastCall(),
      },
      labels: [{ id: 'agent_group', title: 'Agent group', minWidth: 120, links: groupRow }],
      values: [
        { id: 'calls', title: 'Calls', decimals: 0, color: 'gauge', width: 105 }, { id: 'offered', title: 'Offered', decimals: 0, width: 74 },
        { id: 'missed', title: 'Missed', unit: 'percentunit', decimals: 1, steps: highIsBad(0.1, 0.2), width: 74 },
        { id: 'level', title: 'Service level', unit: 'percentunit', decimals: 1, steps: lowIsBad(0.7, 0.8), width: 104 },
        ...groupsNow, { id: 'last', title: 'Last call', unit: hms, width: 84 },
      ],
    }))
    .withPanel(bars({ title: 'Minutes by country', width: 5, height: 10, unit: 'suffix: min', decimals: 0, legend: '{{name}}', links: countrySeries, noValue: 'no answered calls', expr: `sort_desc(${m.named(`topk(10, ${m.minutes(m.whole, ['country'], m.byCallAndType)} > 0)`)})`, description: 'Talk time in the time range: the ten countries with the most. A bar leads to its country.' }))
    .withPanel(bars({ title: 'Why calls ended', width: 7, height: 10, decimals: 0, legend: '{{hangup_reason}}', expr: `sort_desc(${m.calls(m.whole, ['hangup_reason'])} > 0)`, hue: 'purple', above: true, description: 'Calls in the time range by the API\'s hang-up reason.' }));
