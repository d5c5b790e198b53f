// The few kinds of panels that the dashboards are made of, on Grafana's own typed builders.
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import {
  DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, DatasourceVariableBuilder, DynamicConfigValue, FieldColorBuilder, FieldColorModeId,
  QueryVariableBuilder, RowBuilder, Threshold, ThresholdsConfigBuilder, ThresholdsMode, VariableRefresh, VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import { HeatmapColorMode, HeatmapColorOptionsBuilder, HeatmapColorScale, HeatmapTooltipBuilder, PanelBuilder as Heatmap, YAxisConfigBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as Text, TextMode } from '@grafana/grafana-foundation-sdk/text';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** From good to bad, or the reverse: [colour, from value]; the first value is minus infinity. */
export type Steps = [color: string, from?: number][];
export const steps = (s: Steps) =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(s.map(([color, value]): Threshold => ({ color, value: value ?? null as unknown as number })));
export const neutral: Steps = [['text']];
export const lowIsBad = (bad: number, good: number): Steps => [['red'], ['orange', bad], ['green', good]];
export const highIsBad = (warn: number, bad: number): Steps => [['green'], ['orange', warn], ['red', bad]];

export const query = (expr: string, legend = '') => new DataqueryBuilder().datasource(datasource).expr(expr).legendFormat(legend || '__auto').range();
const now = (expr: string, legend = '') => new DataqueryBuilder().datasource(datasource).expr(expr).legendFormat(legend || '__auto').instant();
export const column = (refId: string, expr: string) => now(expr).format(PromQueryFormat.Table).refId(refId);

/** Whole numbers are written out: 30,512 and not 31 K. */
const unit = (o: { unit?: string; decimals?: number }) => o.unit ?? (o.decimals === 0 ? 'locale' : 'short');

interface Common { title: string; description: string; unit?: string; decimals?: number; steps?: Steps; width?: number; height?: number; noValue?: string }

export const stat = (o: Common & { expr: string; min?: number; color?: 'value' | 'background'; mappings?: Parameters<Stat['mappings']>[0]; legend?: string }) => {
  const p = new Stat().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 4).height(o.height ?? 4)
    .withTarget(now(o.expr, o.legend)).unit(unit(o)).thresholds(steps(o.steps ?? neutral)).noValue(o.noValue ?? 'no calls')
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .graphMode(common.BigValueGraphMode.None).justifyMode(common.BigValueJustifyMode.Center).wideLayout(false)
    .colorMode(o.color === 'background' ? common.BigValueColorMode.Background : common.BigValueColorMode.Value)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
  if (o.legend) p.textMode(common.BigValueTextMode.ValueAndName);
  if (o.mappings) p.mappings(o.mappings);
  return o.decimals === undefined ? p : p.decimals(o.decimals);
};

export const outcomeColors: Record<string, string> = {
  answered: 'green', no_answer: 'yellow', busy: 'orange', abandoned: 'purple', unreachable: 'blue', no_service: 'dark-blue', failed: 'red', unknown: 'gray',
};

export const timeseries = (o: Common & {
  targets: DataqueryBuilder[]; stacked?: boolean; bars?: boolean; min?: number; max?: number; softMax?: number; interval?: string; line?: boolean;
  colors?: Record<string, string>; legend?: 'list' | 'table'; dashed?: string[];
}) => {
  const p = new TimeSeries().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 12).height(o.height ?? 8)
    .unit(o.unit ?? 'short').noValue(o.noValue ?? 'no calls in this range').min(o.min ?? 0)
    .drawStyle(o.bars ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line).lineWidth(o.stacked ? 1 : 2).fillOpacity(o.stacked ? 60 : 0)
    .gradientMode(common.GraphGradientMode.None).showPoints(common.VisibilityMode.Never).spanNulls(600000).axisBorderShow(false)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending))
    .legend(new common.VizLegendOptionsBuilder().showLegend(true).placement(o.legend === 'table' ? common.LegendPlacement.Right : common.LegendPlacement.Bottom)
      .displayMode(o.legend === 'table' ? common.LegendDisplayMode.Table : common.LegendDisplayMode.List).calcs(o.legend === 'table' ? ['mean', 'lastNotNull'] : []));
  if (o.stacked) p.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  if (o.max !== undefined) p.max(o.max);
  if (o.softMax !== undefined) p.axisSoftMax(o.softMax);
  if (o.decimals !== undefined) p.decimals(o.decimals);
  if (o.interval) p.interval(o.interval);
  if (o.steps) {
    p.thresholds(steps(o.steps));
    if (o.line) p.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
  }
  for (const [name, color] of Object.entries(o.colors ?? {})) p.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
  for (const name of o.dashed ?? []) {
    p.overrideByRegexp(name, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } }, { id: 'custom.fillOpacity', value: 0 }, { id: 'custom.lineWidth', value: 1 },
      { id: 'custom.stacking', value: { mode: 'none', group: 'A' } }, { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
    ]);
  }
  o.targets.forEach((t, i) => p.withTarget(t.refId(String.fromCharCode(65 + i))));
  return p;
};

export const bars = (o: Common & { expr: string; legend: string; max?: number; min?: number; hue?: string; above?: boolean }) => {
  const p = new BarGauge().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 8).height(o.height ?? 8)
    .withTarget(now(o.expr, o.legend)).unit(unit(o)).noValue(o.noValue ?? 'no calls').min(o.min ?? 0)
    .orientation(common.VizOrientation.Horizontal).displayMode(common.BarGaugeDisplayMode.Basic).valueMode(common.BarGaugeValueMode.Text)
    .showUnfilled(true).thresholds(steps(o.steps ?? [['blue']]))
    .colorScheme(o.steps ? new FieldColorBuilder().mode(FieldColorModeId.Thresholds) : new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(o.hue ?? 'blue'))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
  if (o.max !== undefined) p.max(o.max);
  if (o.above) p.namePlacement(common.BarGaugeNamePlacement.Top); // long names
  return o.decimals === undefined ? p : p.decimals(o.decimals);
};

export const heatmap = (o: Common & { expr: string; scheme?: string }) =>
  new Heatmap().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 12).height(o.height ?? 9).interval('5m')
    .withTarget(query(o.expr, '{{le}}').format(PromQueryFormat.Heatmap)).calculate(false).cellGap(1).showLegend()
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme(o.scheme ?? 'Oranges').fill('dark-orange').exponent(0.5).scale(HeatmapColorScale.Exponential).steps(64).reverse(false))
    .yAxis(new YAxisConfigBuilder().unit('s').axisPlacement(common.AxisPlacement.Left))
    .tooltip(new HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).yHistogram(true));

/** A column of a table: the query's refId (or a label), its heading and how it is drawn. */
export interface Column { id: string; title: string; unit?: string; decimals?: number; steps?: Steps; color?: 'text' | 'background' | 'gauge'; width?: number; minWidth?: number; max?: number; links?: string; mappings?: unknown }

export const table = (o: Common & { queries: Record<string, string>; labels: Column[]; values: Column[]; sort?: string; drop?: string[] }) => {
  const p = new Table().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 24).height(o.height ?? 9)
    .cellHeight(common.TableCellHeight.Sm).showHeader(true).noValue(o.noValue ?? '–');
  const ids = Object.keys(o.queries);
  for (const id of ids) p.withTarget(column(id, o.queries[id]));
  const columns = [...o.labels, ...o.values];
  const valueField = (id: string) => (ids.length > 1 ? `Value #${id}` : 'Value');
  const field = (c: Column) => (o.values.includes(c) ? valueField(c.id) : c.id);
  if (ids.length > 1) p.withTransformation({ id: 'merge', options: {} });
  p.withTransformation({
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(['Time', '__name__', ...(o.drop ?? [])].map(n => [n, true])),
      indexByName: Object.fromEntries(columns.map((c, i) => [field(c), i])),
      renameByName: Object.fromEntries(columns.map(c => [field(c), c.title])),
    },
  });
  if (o.sort) p.sortBy([new common.TableSortByFieldStateBuilder().displayName(o.sort).desc(true)]);
  for (const c of columns) {
    const props: DynamicConfigValue[] = [];
    if (o.values.includes(c)) props.push({ id: 'unit', value: unit(c) });
    if (c.decimals !== undefined) props.push({ id: 'decimals', value: c.decimals });
    if (c.width) props.push({ id: 'custom.width', value: c.width });
    if (c.minWidth) props.push({ id: 'custom.minWidth', value: c.minWidth });
    if (c.max !== undefined) props.push({ id: 'min', value: 0 }, { id: 'max', value: c.max });
    // An empty cell would get the colour of the lowest threshold.
    const empty = { type: 'special', options: { match: 'null+nan', result: { text: '–', color: 'text', index: 9 } } };
    if (c.mappings || c.steps) props.push({ id: 'mappings', value: c.mappings ?? [empty] });
    if (c.steps) props.push({ id: 'thresholds', value: steps(c.steps).build() });
    if (c.color === 'background') props.push({ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } });
    if (c.color === 'text') props.push({ id: 'custom.cellOptions', value: { type: 'color-text' } });
    if (c.color === 'gauge') props.push({ id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } }, { id: 'color', value: { mode: 'fixed', fixedColor: 'blue' } }, { id: 'fieldMinMax', value: true }, { id: 'min', value: 0 });
    if (c.links) props.push({ id: 'links', value: [{ title: 'Show ${__value.text}', url: c.links }] });
    if (props.length) p.overrideByName(c.title, props);
  }
  return p;
};

export const text = (title: string, content: string, width = 24, height = 3) =>
  new Text().title(title).span(width).height(height).mode(TextMode.Markdown).content(content);

export const row = (title: string) => new RowBuilder(title);

const labelVariable = (name: string, label: string, metric: string, filter = '') =>
  new QueryVariableBuilder(name).label(label).datasource(datasource)
    .query({ query: `label_values(${metric}${filter}, ${name})`, refId: 'PrometheusVariableQueryEditor-VariableQuery', qryType: 1 })
    .definition(`label_values(${metric}${filter}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalAsc).multi(true).includeAll(true).allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });

export const variables = {
  account: (metric = 'itnio_up') => labelVariable('account', 'Account', metric),
  agent_group: () => labelVariable('agent_group', 'Agent group', 'itnio_calls_total', '{account=~"$account"}'),
  call_type: () => labelVariable('call_type', 'Call type', 'itnio_calls_total', '{account=~"$account"}'),
  country: () => labelVariable('country', 'Country', 'itnio_calls_total', '{account=~"$account"}'),
  agent: () => labelVariable('agent', 'Agent', 'itnio_agent_calls_total', '{account=~"$account", agent_group=~"$agent_group"}'),
};

export type VariableName = keyof typeof variables;

export const dashboard = (o: { uid: string; title: string; description: string; variables: VariableName[]; from?: string }) => {
  const d = new DashboardBuilder(o.title).uid(o.uid).description(o.description).tags(['itnio', 'call-centre']).timezone('browser').editable()
    .tooltip(DashboardCursorSync.Crosshair).refresh('1m').time({ from: o.from ?? 'now-6h', to: 'now' }).version(1)
    .link(new DashboardLinkBuilder('Call centre').type(DashboardLinkType.Dashboards).tags(['itnio']).asDropdown(false).includeVars(true).keepTime(true))
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus').current({ selected: false, text: 'default', value: 'default' }));
  for (const v of o.variables) d.withVariable(variables[v]());
  return d;
};

/** A link to another dashboard that hands on the variables, the time range and one value. */
export const linkTo = (uid: string, variable: string) => `/d/${uid}?\${__url_time_range}&\${datasource:queryparam}&\${account:queryparam}&var-${variable}=\${__value.raw}`;
