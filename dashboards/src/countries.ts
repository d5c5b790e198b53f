import { dashboard } from './dashboard';
import { countryRow, countrySeries } from './links';
import * as m from './metrics';
import { fallIsBad, highIsBad, lowIsBad, lowIsBadHighIsOdd, kindColors, sipCodes } from './palette';
import { bars, hms, query, row, stat, timeseries } from './panels';
import { table } from './table';
import { worldMap } from './worldmap';

const country = ['country'];
/** A single country may be a little lower than all together. */
const asrSteps = lowIsBadHighIsOdd(0.25, 0.4, 0.9);
const nerSteps = lowIsBad(0.85, 0.92);
const noOutgoing = 'no outgoing calls in this range';

const lastWeek = (extra = '') =>
  `sum by (country) (sum_over_time(account_country:itnio_calls:increase5m{account=~"$account", country=~"$country", call_type="outgoing"${extra}}[$__range] offset 1w))`;
const lastWeekAsr = `(${lastWeek(', outcome="answered"')} / (${lastWeek()} > 0))`;
const enough = (expr: string) => m.ofAtLeast(10, expr, m.attempts(m.whole, country));

export const countries = () =>
  dashboard({
    uid: 'itnio-countries', title: 'Call centre: countries and carriers', variables: ['account', 'agent_group', 'call_type', 'country'],
    description: 'For carrier managers and the fraud desk: where outgoing calls go, whether they get through, what the network says, and what is new. Post-dial delay is not in the records (ring time contains it).',
  })
    .withPanel(stat({ title: 'Attempts', decimals: 0, noValue: 'no outgoing calls', expr: m.attempts(m.whole), description: 'Outgoing calls in the time range.' }))
    .withPanel(stat({ title: 'ASR', unit: 'percentunit', decimals: 1, noValue: 'no outgoing calls', expr: m.asr(m.whole), volume: m.attempts(m.whole), steps: asrSteps, description: 'Answer-seizure ratio: answered / attempts (ITU-T E.411, E.425). Coloured from 20 attempts on; violet from 90 %, which is rarely honest traffic.' }))
    .withPanel(stat({ title: 'NER', unit: 'percentunit', decimals: 1, noValue: 'no outgoing calls', expr: m.ner(m.whole), volume: m.attempts(m.whole), steps: nerSteps, description: 'Network effectiveness ratio as in ITU-T E.425: (answered + busy + no answer + unreachable) / attempts. Others leave unreachable out or count answered calls only. Coloured from 20 attempts on.' }))
    .withPanel(stat({ title: 'ACD', unit: 's', decimals: 1, noValue: 'no answered calls', expr: m.acd(m.whole), description: 'Average call duration (ALOC, ITU-T E.437): talk seconds / answered.' }))
    .withPanel(stat({ title: 'Minutes', decimals: 0, noValue: 'no answered calls', expr: m.minutes(m.whole), description: 'Talk minutes of outgoing calls.' }))
    .withPanel(stat({ title: 'Short calls', unit: 'percentunit', decimals: 1, noValue: 'no answered calls', expr: m.shortCalls(m.whole), volume: m.talked(m.whole), steps: highIsBad(0.1, 0.15), description: 'Talk of 6 s or less / answered. Carriers surcharge above 15 %. Coloured from 20 answered calls on.' }))
    .withPanel(worldMap(asrSteps))
    .withPanel(table({
      title: 'Countries', width: 12, height: 12, sort: 'Attempts', noValue: '–',
      description: 'Outgoing calls of the time range. ΔASR (in percentage points) and ΔCalls are against the same time a week before; they need the recording rules and a week of them. Ratios of fewer than 10 attempts are left out. ASR is violet from 90 %: rarely honest traffic. ACD is h:mm:ss. A name leads to more about the country.',
      queries: {
        attempts: m.named(m.attempts(m.whole, country)), asr: enough(m.asr(m.whole, country)), ner: enough(m.ner(m.whole, country)), acd: m.acd(m.whole, country), minutes: m.minutes(m.whole, country),
        short: m.ofAtLeast(10, m.shortCalls(m.whole, country), m.talked(m.whole, country)),
        dasr: enough(`(${m.asr(m.whole, country)}) - ${lastWeekAsr}`), dcalls: enough(`${m.attempts(m.whole, country)} / (${lastWeek()} > 0) - 1`),
      },
      labels: [{ id: 'name', title: 'Country', minWidth: 105, links: countryRow }, { id: 'country', title: 'Code', width: 52 }],
      values: [
        { id: 'attempts', title: 'Attempts', decimals: 0, width: 74 }, { id: 'asr', title: 'ASR', unit: 'percentunit', decimals: 1, steps: asrSteps, width: 64 },
        { id: 'dasr', title: 'ΔASR', unit: 'percentunit', decimals: 1, steps: fallIsBad(-0.05, -0.1), width: 66 },
        { id: 'ner', title: 'NER', unit: 'percentunit', decimals: 1, steps: nerSteps, width: 64 }, { id: 'acd', title: 'ACD', unit: hms, width: 76 },
        { id: 'minutes', title: 'Minutes', decimals: 0, width: 70 }, { id: 'dcalls', title: 'ΔCalls', unit: 'percentunit', decimals: 0, width: 66 },
        { id: 'short', title: 'Short', unit: 'percentunit', decimals: 1, steps: highIsBad(0.1, 0.15), width: 62 },
      ],
    }))
    .withPanel(timeseries({ height: 9, title: 'ASR by country (sliding hour)', unit: 'percentunit', max: 1, interval: '5m', links: countrySeries, legend: 'lowest first', ranked: true, noValue: noOutgoing, targets: [query(m.named(m.busiest('country', m.asr(m.hour, country), m.outgoing)), '{{rank}} {{name}}')], description: 'Answered / attempts, outgoing, over the hour before each point; the eight countries with the most attempts in the range, numbered in that order.' }))
    .withPanel(timeseries({ height: 9, title: 'NER by country (sliding hour)', unit: 'percentunit', max: 1, interval: '5m', links: countrySeries, legend: 'lowest first', ranked: true, noValue: noOutgoing, targets: [query(m.named(m.busiest('country', m.ner(m.hour, country), m.outgoing)), '{{rank}} {{name}}')], description: '(Answered + busy + no answer + unreachable) / attempts, over the hour before each point; the eight countries with the most attempts in the range, numbered in that order. When it falls for one country, its carrier has failed.' }))
    .withPanel(timeseries({ width: 8, height: 9, title: 'SIP codes', unit: 'suffix: /min', stacked: true, interval: '5m', colors: kindColors(sipCodes), targets: [query(m.perMinuteByKind('code', sipCodes, 'itnio_call_sip_responses_total', m.bySIP), '{{kind}}')], description: 'Calls a minute by the SIP code in the record; codes that say much the same are one area, in the colour of that outcome on the overview. Beside it are the codes one by one. The agent group variable does not apply.' }))
    .withPanel(bars({ width: 4, height: 9, title: 'SIP codes, one by one', decimals: 0, legend: '{{code}}', expr: `sort_desc(topk(12, ${m.sipCalls(m.whole)} > 0.5))`, description: 'Calls in the time range by SIP code: the twelve most frequent. The agent group variable does not apply.' }))
    .withPanel(timeseries({ height: 9, title: 'Minutes by country', unit: 'suffix: min/h', stacked: true, interval: '5m', links: countrySeries, legend: 'highest first', ranked: true, noValue: 'no answered calls in this range', targets: [query(m.named(m.ranked('country', `${m.erlang(country, m.placed)} * 60`, 'itnio_call_duration_seconds_sum', m.placed)), '{{rank}} {{name}}')], description: 'Talk minutes an hour of the calls that we place, over the hour before each point; the eight countries with the most minutes in the range, numbered in that order. Revenue-share fraud makes this surge.' }))
    .withRow(row('New and unusual'))
    .withPanel(table({
      title: 'Countries called for the first time', width: 8, height: 9, noValue: 'None in this time range', sort: 'Calls', drop: ['job'],
      description: 'Countries that the rules had not seen before, in this time range: those of the alert ItnioFirstTimeCountry, which compares with all of the past. An account that is watched for less than a week has none yet. A name leads to the country.',
      queries: {
        since: `min_over_time(timestamp(${m.firstTime})[$__range:15m]) * 1000`,
        calls: m.named(`${m.calls(m.whole, ['account', 'country'], m.placed)} and on (account, country) max_over_time((${m.firstTime})[$__range:15m])`),
      },
      labels: [{ id: 'name', title: 'Country', minWidth: 100, links: countryRow }, { id: 'country', title: 'Code', width: 60 }, { id: 'account', title: 'Account', minWidth: 80 }],
      values: [{ id: 'since', title: 'Seen first', unit: 'time:DD MMM HH:mm', width: 110 }, { id: 'calls', title: 'Calls', decimals: 0, width: 70 }],
    }))
    .withPanel(bars({ title: 'Short calls by country', width: 8, height: 9, unit: 'percentunit', decimals: 1, max: 0.3, legend: '{{name}}', links: countrySeries, noValue: 'no short calls', steps: highIsBad(0.1, 0.15), expr: `sort_desc(${m.named(`topk(10, (${m.shortCalls(m.whole, country)}) > 0 and ${m.talked(m.whole, country)} >= 10)`)})`, description: 'Talk of 6 s or less / answered, outgoing: the ten countries with the highest share, of those with at least ten answered calls.' }))
    .withPanel(bars({ title: 'One-ring incoming calls', width: 8, height: 9, decimals: 0, max: 20, legend: '{{name}}', links: countrySeries, noValue: 'none in this range', steps: highIsBad(10, 20), expr: `sort_desc(${m.named(`topk(10, ${m.oneRing(m.whole, country)} > 0.5)`)})`, description: 'Incoming calls that were hung up within 3 s: the ten countries with the most. Many from one country are wangiri: the caller wants to be called back.' }));
