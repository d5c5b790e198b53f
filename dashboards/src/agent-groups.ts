import * as m from './metrics';
import { bars, dashboard, heatmap, highIsBad, lowIsBad, query, row, stat, table, timeseries } from './panels';

const groups = ['agent_group'];

export const agentGroups = () =>
  dashboard({
    uid: 'itnio-agent-groups', title: 'Call centre: agent groups', variables: ['account', 'agent_group', 'call_type', 'country'],
    description: 'For team leads: what was offered, answered and missed, how fast, and by whom calls were ended. Queue time, hold, after-call work and occupancy are not in the records, so they are not here.',
  })
    .withPanel(stat({ title: 'Offered', width: 4, decimals: 0, expr: m.offered(m.whole), description: 'Incoming calls in the time range.' }))
    .withPanel(stat({ title: 'Answered', width: 4, decimals: 0, expr: m.answered(m.whole), description: 'Incoming calls that an agent took.' }))
    .withPanel(stat({ title: 'Abandoned', width: 4, unit: 'percentunit', decimals: 1, expr: m.missedShare(m.whole), steps: highIsBad(0.1, 0.2), description: 'Incoming calls not answered / offered.' }))
    .withPanel(stat({ title: 'Service level 80/20', width: 4, unit: 'percentunit', decimals: 1, color: 'background', expr: m.serviceLevel(m.whole), steps: lowIsBad(0.7, 0.8), description: 'Answered within 20 s / (offered − abandoned within 5 s). Green from the usual target of 80 %.' }))
    .withPanel(stat({ title: 'Answer speed (ASA)', width: 4, unit: 's', decimals: 1, expr: m.asa(m.whole), steps: highIsBad(20, 40), description: 'Average speed of answer: ring seconds / answered, incoming calls.' }))
    .withPanel(stat({ title: 'Dialler abandonment', width: 4, unit: 'percentunit', decimals: 2, noValue: 'no dialler calls', expr: m.diallerAbandonment(m.whole), steps: highIsBad(0.02, 0.03), description: 'Dialler calls hung up while ringing at the agent / (those + connected). The FTC\'s telemarketing sales rule allows 3 % over 30 days.' }))
    .withPanel(timeseries({
      title: 'Incoming calls', unit: 'suffix: /min', stacked: true, interval: '5m', colors: { answered: 'green', abandoned: 'red' }, dashed: ['offered'],
      targets: [
        query(m.perMinute('itnio_calls_total', `${m.byCall}, call_type="incoming", outcome="answered"`), 'answered'),
        query(m.perMinute('itnio_calls_total', `${m.byCall}, call_type="incoming", outcome="no_answer"`), 'abandoned'),
        query(m.perMinute('itnio_calls_total', `${m.byCall}, call_type="incoming"`), 'offered'),
      ],
      description: 'Offered, answered and abandoned incoming calls a minute, counted when they end.',
    }))
    .withPanel(timeseries({
      title: 'Service level by group', unit: 'percentunit', max: 1, interval: '30m', dashed: ['objective'],
      targets: [query(m.serviceLevel(m.series, groups), '{{agent_group}}'), query('min(account:itnio_threshold:service_level_objective{account=~"$account"})', 'objective')],
      description: 'Answered within 20 s / (offered − abandoned within 5 s), at least half an hour a point. The objective is that of the alerts (thresholds.yml).',
    }))
    .withPanel(timeseries({ title: 'Answer speed by group', unit: 's', interval: '30m', targets: [query(m.asa(m.series, groups), '{{agent_group}}')], description: 'Average speed of answer: ring seconds / answered, incoming calls.' }))
    .withPanel(timeseries({
      title: 'Answer delay', unit: 's', interval: '15m', colors: { 'half within': 'green', '90 % within': 'orange', '95 % within': 'red' }, dashed: ['alert above'],
      targets: [query(m.answerDelay(0.5, m.series), 'half within'), query(m.answerDelay(0.9, m.series), '90 % within'), query(m.answerDelay(0.95, m.series), '95 % within'), query('min(account:itnio_threshold:answer_delay_seconds{account=~"$account"})', 'alert above')],
      description: 'Ring time of answered incoming calls: median, 90th and 95th percentile, interpolated between bucket bounds.',
    }))
    .withPanel(heatmap({ title: 'How long callers waited', expr: m.ringBuckets('call_type="incoming"'), description: 'Ring time of all incoming calls, answered or not: each column a time, each cell the number of calls that rang so long.' }))
    .withPanel(heatmap({ title: 'How long calls lasted', scheme: 'Blues', expr: m.talkBuckets(), description: 'Talk time of answered calls of the chosen type.' }))
    .withRow(row('By group'))
    .withPanel(table({
      title: 'Agent groups', width: 16, height: 10, sort: 'Calls',
      description: 'The time range in one line for each group. “Agent hung up” is agent / (agent + customer) of answered calls.',
      queries: {
        calls: m.calls(m.whole, groups), offered: m.offered(m.whole, groups), missed: m.missedShare(m.whole, groups), level: m.serviceLevel(m.whole, groups), asa: m.asa(m.whole, groups),
        acd: m.acd(m.whole, groups, m.byCallAndType), hang: m.agentHangups(m.whole, groups), last: `time() - max by (agent_group) (itnio_last_call_timestamp_seconds{${m.byGroup}})`,
      },
      labels: [{ id: 'agent_group', title: 'Agent group', minWidth: 120 }],
      values: [
        { id: 'calls', title: 'Calls', decimals: 0, color: 'gauge', width: 105 }, { id: 'offered', title: 'Offered', decimals: 0, width: 70 },
        { id: 'missed', title: 'Abandoned', unit: 'percentunit', decimals: 1, steps: highIsBad(0.1, 0.2), color: 'text', width: 92 },
        { id: 'level', title: 'Service level', unit: 'percentunit', decimals: 1, steps: lowIsBad(0.7, 0.8), color: 'text', width: 102 },
        { id: 'asa', title: 'ASA', unit: 's', decimals: 1, width: 65 }, { id: 'acd', title: 'ACD', unit: 's', decimals: 1, width: 78 },
        { id: 'hang', title: 'Agent hung up', unit: 'percentunit', decimals: 0, width: 112 }, { id: 'last', title: 'Last call', unit: 's', decimals: 0, width: 80, steps: highIsBad(1800, 3600), color: 'text' },
      ],
    }))
    .withPanel(bars({ title: 'Who hangs up: share of the agents', width: 8, height: 10, unit: 'percentunit', decimals: 0, max: 1, legend: '{{agent_group}}', steps: [['blue'], ['orange', 0.6]], expr: `sort_desc(${m.agentHangups(m.whole, groups)})`, description: 'Agent / (agent + customer) of answered calls.' }))
    .withPanel(timeseries({ title: 'Traffic by group', unit: 'suffix: erl', interval: '5m', stacked: true, targets: [query(m.erlang(groups), '{{agent_group}}')], description: 'Talk seconds per second over an hour (erlang): how many agents were talking on average. Credited when calls end.' }))
    .withPanel(timeseries({ title: 'Dialler abandonment', unit: 'percentunit', interval: '1h', softMax: 0.05, dashed: ['limit'], targets: [query(m.diallerAbandonment(m.series), 'abandoned'), query('min(account:itnio_threshold:dialler_abandonment{account=~"$account"})', 'limit')], noValue: 'no dialler calls', description: 'Dialler calls hung up while ringing at the agent / (those + connected). The limit is for 30 days, not for each moment.' }));
