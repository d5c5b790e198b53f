import { dashboard } from './dashboard';
import { agentRowToGroup } from './links';
import * as m from './metrics';
import { hms, query, seconds, stat, text, timeseries } from './panels';
import { table } from './table';

const agents = `${m.byGroup}, agent=~"$agent", agent!="none"`;
const off = 'off: see metrics.agents';
const total = (metric: string, labels = '', by = '') => `sum${by} (increase(${metric}{${agents}${labels}}[$__range]))`;
const byAgent = ' by (agent, agent_group)';

export const agentsDashboard = () =>
  dashboard({
    uid: 'itnio-agents', title: 'Call centre: agents', variables: ['account', 'agent_group', 'agent'],
    description: 'Calls by agent. Empty unless metrics.agents is set to name or hash in the exporter\'s configuration.',
  })
    .withPanel(text('Personal data', 'Agent names are **personal data**, and figures for single people may need their consent or that of a works council. The exporter leaves them out unless `metrics.agents` is `name` or `hash`. Records show talk and ring time only: they cannot tell availability, hold or after-call work, so they are no measure of anyone\'s work as a whole.', 24, 4))
    .withPanel(stat({ title: 'Agents with calls', width: 6, decimals: 0, noValue: off, expr: `count(${total('itnio_agent_calls_total', '', ' by (agent)')} > 0)`, description: 'Agents with at least one finished call in the time range.' }))
    .withPanel(stat({ title: 'Calls', width: 6, decimals: 0, noValue: off, expr: total('itnio_agent_calls_total'), description: 'Finished calls of the chosen agents.' }))
    .withPanel(stat({ title: 'Talk time', width: 6, unit: 'suffix: h', decimals: 1, noValue: off, expr: `${total('itnio_agent_talk_seconds_total')} / 3600`, description: 'Talk time of the chosen agents, in hours.' }))
    .withPanel(stat({ title: 'Talk time per call', width: 6, unit: 's', decimals: 1, noValue: off, expr: `${total('itnio_agent_talk_seconds_total')} / (${total('itnio_agent_calls_total', ', outcome="answered"')} > 0)`, description: 'Talk seconds / answered calls.' }))
    .withPanel(table({
      title: 'Agents', height: 14, sort: 'Calls', noValue: '–', description: 'The time range in one line for each agent. Talk is h:mm:ss. “Hung up first” is the share of answered calls that the agent ended. A group leads to its dashboard.',
      queries: {
        calls: total('itnio_agent_calls_total', '', byAgent), answered: total('itnio_agent_calls_total', ', outcome="answered"', byAgent), talk: total('itnio_agent_talk_seconds_total', '', byAgent),
        acd: `${total('itnio_agent_talk_seconds_total', '', byAgent)} / (${total('itnio_agent_calls_total', ', outcome="answered"', byAgent)} > 0)`,
        ring: `${total('itnio_agent_ring_seconds_total', '', byAgent)} / (${total('itnio_agent_calls_total', '', byAgent)} > 0)`,
        hang: `${total('itnio_agent_calls_total', ', outcome="answered", hangup_party="agent"', byAgent)} / (${total('itnio_agent_calls_total', ', outcome="answered", hangup_party=~"agent|customer"', byAgent)} > 0)`,
      },
      labels: [{ id: 'agent', title: 'Agent', minWidth: 130 }, { id: 'agent_group', title: 'Agent group', minWidth: 110, links: agentRowToGroup }],
      values: [
        { id: 'calls', title: 'Calls', decimals: 0, color: 'gauge', width: 150 }, { id: 'answered', title: 'Answered', decimals: 0, width: 100 }, { id: 'talk', title: 'Talk time', unit: hms, width: 110 },
        { id: 'acd', title: 'Talk per call', unit: hms, width: 110 }, { id: 'ring', title: 'Ring per call', unit: seconds, decimals: 1, width: 110 }, { id: 'hang', title: 'Hung up first', unit: 'percentunit', decimals: 0, width: 120 },
      ],
    }))
    .withPanel(timeseries({ title: 'Calls by agent', unit: 'suffix: /h', interval: '5m', noValue: off, legend: 'highest first', ranked: true, targets: [query(m.ranked('agent', `sum by (agent) (rate(itnio_agent_calls_total{${agents}}[1h])) * 3600`, 'itnio_agent_calls_total', agents), '{{rank}} {{agent}}')], description: 'Finished calls of the hour before each point; the eight agents with the most calls in the range, numbered in that order.' }))
    .withPanel(timeseries({ title: 'Agents talking', unit: 'suffix: erl', interval: '5m', noValue: off, stacked: true, ranked: true, targets: [query(m.ranked('agent_group', `sum by (agent_group) (rate(itnio_agent_talk_seconds_total{${agents}}[1h]))`, 'itnio_agent_talk_seconds_total', agents), '{{rank}} {{agent_group}}')], description: 'How many of the chosen agents were talking on average over the hour before each point (erlang); the eight groups that talked most, numbered in that order.' }));
