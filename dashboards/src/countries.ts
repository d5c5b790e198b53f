import * as common from '@grafana/grafana-foundation-sdk/common';
import { ControlsOptionsBuilder, MapCenterID, MapViewConfigBuilder, PanelBuilder as Geomap, TooltipMode, TooltipOptionsBuilder } from '@grafana/grafana-foundation-sdk/geomap';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import * as m from './metrics';
import { bars, column, dashboard, datasource, highIsBad, lowIsBad, query, row, stat, steps, Steps, table, timeseries } from './panels';

const country = ['country'];
const asrSteps: Steps = lowIsBad(0.25, 0.4);
const change: Steps = [['red'], ['orange', -0.1], ['text', -0.05], ['green', 0.05]];

const lastWeek = (kind: string, extra = '') =>
  `sum by (country) (sum_over_time(account_country:itnio_calls:increase5m{account=~"$account", country=~"$country", call_type="outgoing"${extra}}[$__range] offset ${kind}))`;
const lastWeekAsr = `(${lastWeek('1w', ', outcome="answered"')} / (${lastWeek('1w')} > 0))`;

const worldMap = () =>
  new Geomap().title('ASR by country').span(12).height(12).datasource(datasource).noValue('no calls').unit('percentunit').decimals(1)
    .description('Outgoing calls: colour is ASR (answered / attempts), size is the number of attempts. Countries are found by their ISO code; international numbers (001) and unknown ones have no place on a map. The tiles are the only thing that needs the internet.')
    .withTarget(column('asr', m.asr(m.whole, country))).withTarget(column('attempts', m.attempts(m.whole, country)))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true }, indexByName: {}, renameByName: { 'Value #asr': 'ASR', 'Value #attempts': 'Attempts', country: 'Country' } } })
    .thresholds(steps(asrSteps)).colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .overrideByName('Attempts', [{ id: 'unit', value: 'short' }, { id: 'decimals', value: 0 }])
    .view(new MapViewConfigBuilder().id(MapCenterID.Coords).lat(25).lon(30).zoom(1.4).allLayers(true))
    .controls(new ControlsOptionsBuilder().showZoom(true).mouseWheelZoom(false).showAttribution(true).showScale(false).showMeasure(false).showDebug(false))
    .tooltip(new TooltipOptionsBuilder().mode(TooltipMode.Details))
    .basemap(new common.MapLayerOptionsBuilder().type('default').name('Base map').config({}))
    .layers([
      new common.MapLayerOptionsBuilder().type('markers').name('ASR').tooltip(true)
        .location(new common.FrameGeometrySourceBuilder().mode(common.FrameGeometrySourceMode.Lookup).lookup('Country').gazetteer('public/gazetteer/countries.json'))
        .config({
          showLegend: true,
          style: {
            color: { field: 'ASR', fixed: 'dark-green' }, opacity: 0.7, rotation: { fixed: 0, max: 360, min: -360, mode: 'mod' },
            size: { field: 'Attempts', fixed: 8, max: 30, min: 6 }, symbol: { fixed: 'img/icons/marker/circle.svg', mode: 'fixed' }, symbolAlign: { horizontal: 'center', vertical: 'center' },
            text: { field: 'Country', fixed: '', mode: 'field' }, textConfig: { fontSize: 10, offsetX: 0, offsetY: 0, textAlign: 'center', textBaseline: 'middle' },
          },
        }),
    ]);

export const countries = () =>
  dashboard({
    uid: 'itnio-countries', title: 'Call centre: countries and carriers', variables: ['account', 'agent_group', 'call_type', 'country'],
    description: 'For carrier managers and the fraud desk: where outgoing calls go, whether they get through, what the network says, and what is new. Post-dial delay is not in the records (ring time contains it).',
  })
    .withPanel(stat({ title: 'Attempts', decimals: 0, expr: m.attempts(m.whole), description: 'Outgoing calls in the time range.' }))
    .withPanel(stat({ title: 'ASR', unit: 'percentunit', decimals: 1, expr: m.asr(m.whole), steps: asrSteps, description: 'Answer-seizure ratio: answered / attempts (ITU-T E.411, E.425).' }))
    .withPanel(stat({ title: 'NER', unit: 'percentunit', decimals: 1, expr: m.ner(m.whole), steps: lowIsBad(0.85, 0.92), description: 'Network effectiveness ratio as in ITU-T E.425: (answered + busy + no answer + unreachable) / attempts. Others leave unreachable out or count answered calls only.' }))
    .withPanel(stat({ title: 'ACD', unit: 's', decimals: 1, expr: m.acd(m.whole), description: 'Average call duration (ALOC, ITU-T E.437): talk seconds / answered.' }))
    .withPanel(stat({ title: 'Minutes', decimals: 0, expr: m.minutes(m.whole), description: 'Talk minutes of outgoing calls.' }))
    .withPanel(stat({ title: 'Short calls', unit: 'percentunit', decimals: 1, expr: m.shortCalls(m.whole), steps: highIsBad(0.1, 0.15), description: 'Talk of 6 s or less / answered. Carriers surcharge above 15 %.' }))
    .withPanel(worldMap())
    .withPanel(table({
      title: 'Countries', width: 12, height: 12, sort: 'Attempts',
      description: 'Outgoing calls of the time range. The changes are against the same time a week before (percentage points for ASR); they need the recording rules and a week of them.',
      queries: {
        attempts: m.attempts(m.whole, country), asr: m.asr(m.whole, country), ner: m.ner(m.whole, country), acd: m.acd(m.whole, country), minutes: m.minutes(m.whole, country), short: m.shortCalls(m.whole, country),
        dasr: `${m.asr(m.whole, country)} - ${lastWeekAsr}`, dcalls: `${m.attempts(m.whole, country)} / (${lastWeek('1w')} > 0) - 1`,
      },
      labels: [{ id: 'country', title: 'Country', minWidth: 64 }],
      values: [
        { id: 'attempts', title: 'Attempts', decimals: 0, width: 74 }, { id: 'asr', title: 'ASR', unit: 'percentunit', decimals: 1, steps: asrSteps, color: 'text', width: 64 },
        { id: 'dasr', title: 'ΔASR', unit: 'percentunit', decimals: 1, steps: change, color: 'text', width: 64 },
        { id: 'ner', title: 'NER', unit: 'percentunit', decimals: 1, steps: lowIsBad(0.85, 0.92), color: 'text', width: 64 }, { id: 'acd', title: 'ACD', unit: 's', decimals: 1, width: 76 },
        { id: 'minutes', title: 'Minutes', decimals: 0, width: 70 }, { id: 'dcalls', title: 'ΔCalls', unit: 'percentunit', decimals: 0, width: 64 },
        { id: 'short', title: 'Short', unit: 'percentunit', decimals: 1, steps: highIsBad(0.1, 0.15), color: 'text', width: 62 },
      ],
    }))
    .withPanel(timeseries({ title: 'ASR by country', unit: 'percentunit', max: 1, interval: '1h', targets: [query(m.asr(m.series, country), '{{country}}')], description: 'Answered / attempts, outgoing, at least an hour a point.' }))
    .withPanel(timeseries({ title: 'NER by country', unit: 'percentunit', max: 1, interval: '1h', targets: [query(m.ner(m.series, country), '{{country}}')], description: '(Answered + busy + no answer + unreachable) / attempts. When it falls for one country, its carrier has failed.' }))
    .withPanel(timeseries({ title: 'SIP codes', unit: 'suffix: /min', stacked: true, interval: '5m', colors: { 200: 'green', 403: 'dark-yellow', 404: 'purple', 408: 'light-yellow', 480: 'yellow', 484: 'light-purple', 486: 'orange', 487: 'blue', 500: 'dark-red', 502: 'semi-dark-red', 503: 'red', 603: 'dark-purple', unknown: 'gray' }, targets: [query(`sum by (code) (rate(itnio_call_sip_responses_total{${m.byAccount}, country=~"$country", call_type=~"$call_type"}[$__rate_interval])) * 60`, '{{code}}')], description: 'Calls a minute by the SIP code in the record. 200 answered, 404 no such number, 480 and 408 not reached, 486 busy, 487 cancelled, 5xx the network failed.' }))
    .withPanel(timeseries({ title: 'Minutes by country', unit: 'suffix: min/h', stacked: true, interval: '5m', targets: [query(`topk(10, ${m.erlang(country, `${m.byCall}, call_type=~"outgoing|group_call"`)}) * 60`, '{{country}}')], description: 'Outgoing talk minutes an hour, the ten busiest countries at each moment. What revenue-share fraud makes surge.' }))
    .withRow(row('New and unusual'))
    .withPanel(table({
      title: 'Countries called for the first time', width: 8, height: 9, noValue: 'None in this time range', sort: 'Calls',
      description: 'Countries without a call before the time range, in as much of the past as this Prometheus has. The alert ItnioFirstTimeCountry compares with all of the past.',
      queries: { A: `${m.calls(m.whole, country, `${m.byCall}, call_type=~"outgoing|group_call"`)} > 0 unless on (country) (sum by (country) (itnio_calls_total{${m.byCall}, call_type=~"outgoing|group_call"} offset $__range) > 0)` },
      labels: [{ id: 'country', title: 'Country' }], values: [{ id: 'A', title: 'Calls', decimals: 0 }],
    }))
    .withPanel(bars({ title: 'Short calls by country', width: 8, height: 9, unit: 'percentunit', decimals: 1, max: 0.3, legend: '{{country}}', steps: highIsBad(0.1, 0.15), expr: `topk(12, ${m.shortCalls(m.whole, country)})`, description: 'Talk of 6 s or less / answered, outgoing.' }))
    .withPanel(bars({ title: 'One-ring incoming calls', width: 8, height: 9, decimals: 0, max: 20, legend: '{{country}}', steps: [['blue'], ['orange', 10], ['red', 20]], expr: `topk(12, sum by (country) (increase(itnio_call_ring_duration_seconds_bucket{${m.byCall}, call_type="incoming", answered="false", le=~"3([.]0)?"}[$__range])))`, description: 'Incoming calls that were hung up within 3 s, by country. Many from one country are wangiri: the caller wants to be called back.' }));
