import { dashboard } from './dashboard';
import { groupRowToCountries, groupSeries } from './links';
import * as m from './metrics';
import { groupsNow, missedNow, now } from './overview';
import { diallerColors, highIsBad, incomingColors, lowIsBad, quantileColors } from './palette';
import { bars, heatmap, hms, query, row, seconds, stat, timeseries } from './panels';
import { table } from './table';

const groups = ['agent_group'];
const noIncoming = 'no incoming calls in this range';
const threshold = (name: string) => query(`min(account_agent_group:itnio_threshold:${name}{${m.byGroup}})`, name === 'answer_delay_seconds' ? 'alert above' : 'objective');

const byInterval = () => table({
  title: 'Incoming calls by half hour', height: 10, sort: 'Until', interval: '30m', noValue: noIncoming,
  description: 'One line for each half hour (longer where the time range is), newest first; calls count when they end. Service level: answered within $answered_within s / (offered − missed within $missed_within s). ASA: average speed of answer. Longest ring: the bucket bound that no call rang longer than (the last bound, where one did). ACD: talk time per answered call (h:mm:ss). Ratios of fewer than 10 calls are left out.',
  queries: {
    offered: m.offered(m.step), answered: m.answered(m.step), intime: m.inTime(m.step),
    level: m.ofAtLeast(10, m.serviceLevel(m.step), m.offered(m.step)), missed: m.missed(m.step), share: m.ofAtLeast(10, m.missedShare(m.step), m.offered(m.step)),
    asa: m.asa(m.step), longest: m.longestRing(m.step), acd: m.acd(m.step, [], m.incoming),
  },
  labels: [{ id: 'Time', title: 'Until', unit: 'time:DD MMM HH:mm', minWidth: 110 }],
  values: [
    { id: 'offered', title: 'Offered', decimals: 0, color: 'gauge', minWidth: 110 }, { id: 'answered', title: 'Answered', decimals: 0 }, { id: 'intime', title: 'In time', decimals: 0 },
    { id: 'level', title: 'Service level', unit: 'percentunit', decimals: 1, steps: lowIsBad(0.7, 0.8) },
    { id: 'missed', title: 'Missed', decimals: 0 }, { id: 'share', title: 'Missed share', unit: 'percentunit', decimals: 1, steps: highIsBad(0.1, 0.2) },
    { id: 'asa', title: 'ASA', unit: seconds, decimals: 1 }, { id: 'longest', title: 'Longest ring', unit: seconds, decimals: 0 }, { id: 'acd', title: 'ACD', unit: hms },
  ],
});

export const agentGroups = () =>
  dashboard({
    uid: 'itnio-agent-groups', title: 'Call centre: agent groups', variables: ['account', 'agent_group', 'call_type', 'country', 'answered_within', 'missed_within'],
    description: 'For team leads: what was offered, answered and missed, how fast, and who ended calls. Queue time, hold, after-call work and occupancy are not in the records, so they are not here.',
  })
    .withRow(row('Now: the last 30 minutes, and the same time last week'))
    .withPanel(now.offered()).withPanel(now.level()).withPanel(now.missed()).withPanel(now.asa()).withPanel(now.silent()).withPanel(now.age())
    .withRow(row('The time range'))
    .withPanel(stat({ title: 'Offered', decimals: 0, noValue: 'no incoming calls', expr: m.offered(m.whole), description: 'Incoming calls in the time range.' }))
    .withPanel(stat({ title: 'Answered', decimals: 0, noValue: 'no incoming calls', expr: m.answered(m.whole), description: 'Incoming calls that an agent took.' }))
    .withPanel(stat({ title: 'Missed', unit: 'percentunit', decimals: 1, noValue: 'no incoming calls', expr: m.missedShare(m.whole), volume: m.offered(m.whole), steps: highIsBad(0.1, 0.2), description: 'Incoming calls that nobody answered / offered. Coloured from 20 calls on.' }))
    .withPanel(stat({ title: 'Service level', unit: 'percentunit', decimals: 1, noValue: 'no calls to judge', expr: m.serviceLevel(m.whole), volume: m.offered(m.whole), steps: lowIsBad(0.7, 0.8), description: 'Answered within $answered_within s / (offered − missed within $missed_within s). The usual target is 80 %. Coloured from 20 calls on.' }))
    .withPanel(stat({ title: 'Answer speed (ASA)', unit: seconds, decimals: 1, noValue: 'no answered calls', expr: m.asa(m.whole), volume: m.answered(m.whole), steps: highIsBad(20, 40), description: 'Average speed of answer: ring seconds / answered, incoming calls. Coloured from 20 calls on.' }))
    .withPanel(stat({ title: 'Dialler abandonment', unit: 'percentunit', decimals: 2, noValue: 'no dialler calls', expr: m.diallerAbandonment(m.whole), volume: m.diallerTransfers(m.whole), steps: highIsBad(0.02, 0.03), description: 'Dialler calls hung up while ringing at the agent / (those + connected). The FTC\'s telemarketing sales rule allows 3 % over 30 days. Coloured from 20 calls on.' }))
    .withPanel(byInterval())
    .withPanel(timeseries({
      title: 'Incoming calls', unit: 'suffix: /min', stacked: true, interval: '5m', colors: incomingColors, dashed: ['offered'], noValue: noIncoming,
      targets: [
        query(m.perMinute('itnio_calls_total', `${m.incoming}, outcome="answered"`), 'answered'),
        query(m.perMinute('itnio_calls_total', `${m.incoming}, outcome="no_answer"`), 'missed'),
        query(m.perMinute('itnio_calls_total', m.incoming), 'offered'),
      ],
      description: 'Offered, answered and missed incoming calls a minute, counted when they end.',
    }))
    .withPanel(timeseries({
      title: 'Service level by group (sliding hour)', unit: 'percentunit', max: 1, interval: '5m', dashed: ['objective'], links: groupSeries, legend: 'lowest first', ranked: true, noValue: noIncoming,
      targets: [query(m.busiest('agent_group', m.serviceLevel(m.hour, groups), m.incoming), '{{rank}} {{agent_group}}'), threshold('service_level_objective')],
      description: 'Answered within $answered_within s / (offered − missed within $missed_within s) over the hour before each point; the eight groups with the most incoming calls, numbered in that order. The objective is the lowest of the alerts (thresholds.yml).',
    }))
    .withPanel(timeseries({ title: 'Answer speed by group, answered calls', unit: 's', interval: '5m', links: groupSeries, legend: 'highest first', ranked: true, noValue: 'no answered incoming calls in this range', targets: [query(m.busiest('agent_group', m.asa(m.hour, groups), m.incoming), '{{rank}} {{agent_group}}')], description: 'Average speed of answer (ring seconds / answered, incoming) over the hour before each point; the eight groups with the most incoming calls, numbered in that order.' }))
    .withPanel(timeseries({
      title: 'Answer delay of answered calls (sliding hour)', unit: 's', interval: '5m', colors: quantileColors, dashed: ['alert above'], noValue: 'no answered incoming calls in this range',
      targets: [query(m.answerDelay(0.5, m.hour), 'p50'), query(m.answerDelay(0.95, m.hour), 'p95'), query(m.answerDelay(0.99, m.hour), 'p99'), threshold('answer_delay_seconds')],
      description: 'Ring time of answered incoming calls, percentiles over the hour before each point, interpolated between bucket bounds.',
    }))
    .withPanel(heatmap({ title: 'How long callers waited', noValue: noIncoming, expr: m.ringBuckets('call_type="incoming"'), description: 'Ring time of incoming calls, answered or not: a column is five minutes, a cell the number of calls that rang so long.' }))
    .withPanel(heatmap({ title: 'How long calls lasted', noValue: 'no answered calls in this range', scheme: 'Blues', expr: m.talkBuckets(), description: 'Talk time of answered calls of the chosen type: a column is five minutes, a cell the number of calls that lasted so long.' }))
    .withRow(row('By group'))
    .withPanel(table({
      title: 'Agent groups', width: 16, height: 10, sort: 'Calls',
      description: 'The time range in one line for each group. Offered, missed, service level and ASA (average speed of answer) are of incoming calls. “Missed now” is of the last 30 minutes; “Δcalls now” is the calls of the last 30 minutes against the same time last week, where that had 10. Ratios of fewer than 10 calls are left out. “Agent hung up” is agent / (agent + customer) of answered calls. ACD and the time since the last call are h:mm:ss. A name leads to the countries that the group calls.',
      queries: {
        calls: m.calls(m.whole, groups), offered: m.offered(m.whole, groups), missed: m.ofAtLeast(10, m.missedShare(m.whole, groups), m.offered(m.whole, groups)),
        level: m.ofAtLeast(10, m.serviceLevel(m.whole, groups), m.offered(m.whole, groups)), asa: m.asa(m.whole, groups),
        acd: m.acd(m.whole, groups, m.byCallAndType), hang: m.ofAtLeast(10, m.agentHangups(m.whole, groups), m.hangups(m.whole, groups)), missednow: missedNow, callsnow: m.callsNowAgainstLastWeek(groups), last: m.sinceLastCall(),
      },
      labels: [{ id: 'agent_group', title: 'Agent group', minWidth: 120, links: groupRowToCountries }],
      values: [
        { id: 'calls', title: 'Calls', decimals: 0, color: 'gauge', width: 105 }, { id: 'offered', title: 'Offered', decimals: 0, width: 74 },
        { id: 'missed', title: 'Missed', unit: 'percentunit', decimals: 1, steps: highIsBad(0.1, 0.2), width: 80 },
        { id: 'level', title: 'Service level', unit: 'percentunit', decimals: 1, steps: lowIsBad(0.7, 0.8), width: 104 },
        ...groupsNow, { id: 'asa', title: 'ASA', unit: seconds, decimals: 1, width: 75 }, { id: 'acd', title: 'ACD', unit: hms, width: 84 },
        { id: 'hang', title: 'Agent hung up', unit: 'percentunit', decimals: 0, width: 114 }, { id: 'last', title: 'Last call', unit: hms, width: 84 },
      ],
    }))
    .withPanel(bars({ title: 'Who hangs up: share of the agents', width: 8, height: 10, unit: 'percentunit', decimals: 0, max: 1, legend: '{{agent_group}}', noValue: 'no answered calls', links: groupSeries, steps: [['good'], ['warning', 0.6]], expr: `topk(10, ${m.agentHangups(m.whole, groups)})`, description: 'Agent / (agent + customer) of answered calls: the ten groups with the highest share.' }))
    .withPanel(timeseries({ title: 'Traffic by group', unit: 'suffix: erl', interval: '5m', stacked: true, links: groupSeries, legend: 'highest first', ranked: true, noValue: 'no answered calls in this range', targets: [query(m.busiest('agent_group', m.erlang(groups)), '{{rank}} {{agent_group}}')], description: 'Calls in conversation on average over the hour before each point (erlang); the eight busiest groups, numbered in that order. The seconds of a call are added when it ends.' }))
    .withPanel(timeseries({ title: 'Dialler abandonment', unit: 'percentunit', interval: '5m', softMax: 0.05, dashed: ['limit'], colors: diallerColors, targets: [query(m.diallerAbandonment(m.hour), 'abandoned'), query(`min(account:itnio_threshold:dialler_abandonment{${m.byAccount}})`, 'limit')], noValue: 'no dialler calls in this range', description: 'Dialler calls hung up while ringing at the agent / (those + connected), over the hour before each point. The limit is for 30 days, not for each hour.' }));
