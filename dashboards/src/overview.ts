import * as m from './metrics';
import { bars, dashboard, highIsBad, linkTo, lowIsBad, outcomeColors, query, row, stat, table, timeseries } from './panels';

export const overview = () =>
  dashboard({
    uid: 'itnio-overview', title: 'Call centre: overview', variables: ['account', 'agent_group', 'call_type', 'country'],
    description: 'Finished calls at a glance: how many, what became of them, how fast they were answered, where they went, and whether the numbers can be trusted.',
  })
    .withPanel(stat({ title: 'Calls', width: 3, decimals: 0, expr: m.calls(m.whole), description: 'Finished calls in the time range: `increase(itnio_calls_total)`. A call is counted when it ends.' }))
    .withPanel(stat({ title: 'Answered (ASR)', width: 3, unit: 'percentunit', decimals: 1, expr: m.asr(m.whole), steps: lowIsBad(0.3, 0.4), description: 'Answer-seizure ratio of outgoing calls: answered / attempts (ITU-T E.411).' }))
    .withPanel(stat({ title: 'Service level', width: 3, unit: 'percentunit', decimals: 1, expr: m.serviceLevel(m.whole), steps: lowIsBad(0.7, 0.8), description: 'Incoming calls answered within 20 s / (offered − abandoned within 5 s). The usual target is 80 %.' }))
    .withPanel(stat({ title: 'Missed', width: 3, unit: 'percentunit', decimals: 1, expr: m.missedShare(m.whole), steps: highIsBad(0.1, 0.2), description: 'Incoming calls not answered / offered.' }))
    .withPanel(stat({ title: 'Talk per call', width: 3, unit: 's', decimals: 1, expr: m.acd(m.whole, [], m.byCallAndType), description: 'Average length of conversation (ACD): talk seconds / answered calls (ITU-T E.437).' }))
    .withPanel(stat({ title: 'Traffic', width: 3, unit: 'suffix: erl', decimals: 1, expr: m.erlang(), description: 'Talk seconds per second over the last hour (erlang, ITU-T E.600). A call\'s seconds are credited when it ends.' }))
    .withPanel(stat({ title: 'Counted up to', width: 3, unit: 's', decimals: 0, noValue: 'no data', expr: `time() - min(itnio_exporter_complete_until_timestamp_seconds{${m.byAccount}})`, steps: highIsBad(300, 900), description: 'Everything that the API showed this long ago is counted. The oldest of the chosen accounts.' }))
    .withPanel(stat({ title: 'Alerts firing', width: 3, decimals: 0, noValue: '0', expr: `count(ALERTS{alertname=~"Itnio.+", alertstate="firing", account=~"$account|"}) or vector(0)`, steps: highIsBad(1, 3), description: 'Firing alerts of the rules that come with the exporter. They are listed below.' }))
    .withPanel(timeseries({ title: 'Calls by outcome', unit: 'suffix: /min', stacked: true, colors: outcomeColors, interval: '5m', targets: [query(m.perMinute('itnio_calls_total', m.byCallAndType, ['outcome']), '{{outcome}}')], description: 'Finished calls a minute by what became of them. A call is counted when it ends, a long one therefore late.' }))
    .withPanel(timeseries({
      title: 'Calls against last week', unit: 'suffix: /h', interval: '5m', dashed: ['last week'],
      targets: [
        query('sum(sum_over_time(account_agent_group:itnio_calls:increase5m{account=~"$account", agent_group=~"$agent_group", call_type=~"$call_type"}[1h]))', 'this week'),
        query('sum(sum_over_time(account_agent_group:itnio_calls:increase5m{account=~"$account", agent_group=~"$agent_group", call_type=~"$call_type"}[1h] offset 1w))', 'last week'),
      ],
      description: 'Calls of the last hour, and of the same hour a week before. Needs the recording rules; the country variable does not apply.',
    }))
    .withPanel(timeseries({ title: 'Outgoing: answered and delivered', unit: 'percentunit', max: 1, interval: '15m', colors: { ASR: 'green', NER: 'blue' }, targets: [query(m.asr(m.series), 'ASR'), query(m.ner(m.series), 'NER')], description: 'ASR = answered / attempts. NER = (answered + busy + no answer + unreachable) / attempts (ITU-T E.425): the gap to 100 % is what the network lost.' }))
    .withPanel(timeseries({
      title: 'Incoming: service level and missed calls', unit: 'percentunit', max: 1, interval: '15m', colors: { 'service level': 'green', missed: 'red' }, dashed: ['objective'],
      targets: [query(m.serviceLevel(m.series), 'service level'), query(m.missedShare(m.series), 'missed'), query('min(account:itnio_threshold:service_level_objective{account=~"$account"})', 'objective')],
      description: 'Service level = answered within 20 s / (offered − abandoned within 5 s). Missed = not answered / offered. The objective is that of the alerts (thresholds.yml).',
    }))
    .withPanel(table({
      title: 'Agent groups', width: 12, height: 10, sort: 'Calls',
      description: 'The time range in one line for each group. Answered, missed, service level and ASA (average speed of answer) are of incoming calls. A name leads to the group\'s dashboard.',
      queries: { calls: m.calls(m.whole, ['agent_group']), offered: m.offered(m.whole, ['agent_group']), missed: m.missedShare(m.whole, ['agent_group']), level: m.serviceLevel(m.whole, ['agent_group']), asa: m.asa(m.whole, ['agent_group']), last: `time() - max by (agent_group) (itnio_last_call_timestamp_seconds{${m.byGroup}})` },
      labels: [{ id: 'agent_group', title: 'Agent group', minWidth: 120, links: linkTo('itnio-agent-groups', 'agent_group') }],
      values: [
        { id: 'calls', title: 'Calls', decimals: 0, color: 'gauge', width: 105 }, { id: 'offered', title: 'Offered', decimals: 0, width: 70 },
        { id: 'missed', title: 'Missed', unit: 'percentunit', decimals: 1, steps: highIsBad(0.1, 0.2), color: 'text', width: 70 },
        { id: 'level', title: 'Service level', unit: 'percentunit', decimals: 1, steps: lowIsBad(0.7, 0.8), color: 'text', width: 102 },
        { id: 'asa', title: 'ASA', unit: 's', decimals: 1, width: 65 }, { id: 'last', title: 'Last call', unit: 's', decimals: 0, width: 80 },
      ],
    }))
    .withPanel(bars({ title: 'Minutes by country', width: 5, height: 10, unit: 'suffix: min', decimals: 0, legend: '{{country}}', expr: `topk(12, ${m.minutes(m.whole, ['country'], m.byCallAndType)})`, description: 'Talk time of answered calls in the time range, the twelve busiest countries.' }))
    .withPanel(bars({ title: 'Why calls ended', width: 7, height: 10, decimals: 0, legend: '{{hangup_reason}}', expr: `sort_desc(${m.calls(m.whole, ['hangup_reason'])} > 0)`, hue: 'purple', above: true, description: 'Calls by the API\'s hang-up reason in the time range.' }))
    .withRow(row('Alerts'))
    .withPanel(table({
      title: 'Firing alerts', height: 6, noValue: 'No alert is firing', drop: ['alertstate', 'Value', 'job', 'instance', 'label', 'status', 'code'],
      description: 'Alerts of the rules that come with the exporter. docs/alerts.md says what to do about each.',
      queries: { A: 'ALERTS{alertname=~"Itnio.+", alertstate="firing", account=~"$account|"}' },
      labels: [
        { id: 'severity', title: 'Severity', width: 110, color: 'text', mappings: [{ type: 'value', options: { critical: { color: 'red', index: 0 }, warning: { color: 'orange', index: 1 } } }] },
        { id: 'alertname', title: 'Alert' }, { id: 'team', title: 'Team', width: 120 }, { id: 'account', title: 'Account', width: 140 }, { id: 'agent_group', title: 'Agent group' }, { id: 'country', title: 'Country', width: 100 },
      ],
      values: [],
    }));
