// The few kinds of panels that the dashboards are made of, on Grafana's own typed builders.
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { DynamicConfigValue, FieldColorBuilder, FieldColorModeId, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import { HeatmapColorMode, HeatmapColorOptionsBuilder, HeatmapColorScale, HeatmapTooltipBuilder, PanelBuilder as Heatmap, YAxisConfigBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Text, TextMode } from '@grafana/grafana-foundation-sdk/text';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { Link } from './links';
import { fills, fillSteps, rankColors, shapeSteps, Steps } from './palette';

export const datasource = { type: 'prometheus', uid: '${datasource}' };

export const query = (expr: string, legend = '') => new DataqueryBuilder().datasource(datasource).expr(expr).legendFormat(legend || '__auto').range();
const now = (expr: string, legend = '') => new DataqueryBuilder().datasource(datasource).expr(expr).legendFormat(legend || '__auto').instant();
export const column = (refId: string, expr: string) => now(expr).format(PromQueryFormat.Table).refId(refId);

/** Whole numbers are written out: 30,512 and not 31 K. */
export const unit = (o: { unit?: string; decimals?: number }) => o.unit ?? (o.decimals === 0 ? 'locale' : 'short');
/** Durations of calls and ages as h:mm:ss, so that a column has one unit. Answer times, which are short, are in seconds. */
export const hms = 'dthms';
export const seconds = 'suffix: s';

export interface Common { title: string; description: string; unit?: string; decimals?: number; steps?: Steps; width?: number; height?: number; noValue?: string }

/** A ratio gets a colour from this many calls on: five of eight are no judgement. */
export const judgedFrom = 20;

const fixed = (color: string): DynamicConfigValue[] => [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }];

/** volume: the calls that the value is a ratio of; with fewer than judgedFrom it has no colour. lastWeek: the same a week ago, beside it. */
export const stat = (o: Common & { expr: string; volume?: string; lastWeek?: string; mappings?: Parameters<Stat['mappings']>[0] }) => {
  const p = new Stat().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 4).height(o.height ?? 4)
    .unit(unit(o)).thresholds(fillSteps(o.steps ?? [['plain']])).noValue(o.noValue ?? 'no calls')
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .graphMode(common.BigValueGraphMode.None).justifyMode(common.BigValueJustifyMode.Center).wideLayout(false)
    .colorMode(common.BigValueColorMode.BackgroundSolid)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
  const legend = o.lastWeek ? 'now' : '';
  p.withTarget(now(o.volume ? `(${o.expr}) and (${o.volume}) >= ${judgedFrom}` : o.expr, legend).refId('A'));
  if (o.volume) p.withTarget(now(`(${o.expr}) and (${o.volume}) < ${judgedFrom}`, legend).refId('B')).overrideByQuery('B', fixed(fills.plain));
  if (o.lastWeek) {
    p.withTarget(now(o.lastWeek, 'last week').refId('C')).overrideByQuery('C', fixed(fills.plain))
      .textMode(common.BigValueTextMode.ValueAndName).orientation(common.VizOrientation.Vertical);
  }
  if (o.mappings) p.mappings(o.mappings);
  return o.decimals === undefined ? p : p.decimals(o.decimals);
};

// Where lines are countries, groups or agents, a table beside them has their values. What is worst comes first.
type LegendKind = 'list' | 'lowest first' | 'highest first';
const legend = (kind: LegendKind) => {
  const l = new common.VizLegendOptionsBuilder().showLegend(true);
  return kind === 'list'
    ? l.placement(common.LegendPlacement.Bottom).displayMode(common.LegendDisplayMode.List).calcs([])
    : l.placement(common.LegendPlacement.Right).displayMode(common.LegendDisplayMode.Table).calcs(['min', 'max', 'lastNotNull']).sortBy('Last *').sortDesc(kind === 'highest first');
};

export const timeseries = (o: Common & {
  targets: DataqueryBuilder[]; stacked?: boolean; min?: number; max?: number; softMax?: number; interval?: string;
  colors?: Record<string, string>; legend?: LegendKind; ranked?: boolean; dashed?: string[]; links?: Link[];
}) => {
  const p = new TimeSeries().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 12).height(o.height ?? 8)
    .unit(o.unit ?? 'short').noValue(o.noValue ?? 'no calls in this range').min(o.min ?? 0)
    .drawStyle(common.GraphDrawStyle.Line).lineWidth(o.stacked ? 0 : 2).fillOpacity(o.stacked ? 100 : 0)
    // Automatic points: a value without neighbours is seen as well.
    .gradientMode(common.GraphGradientMode.None).showPoints(common.VisibilityMode.Auto).pointSize(5).spanNulls(600000).axisBorderShow(false)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending))
    .legend(legend(o.legend ?? 'list'));
  if (o.stacked) p.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  if (o.max !== undefined) p.max(o.max);
  if (o.softMax !== undefined) p.axisSoftMax(o.softMax);
  if (o.decimals !== undefined) p.decimals(o.decimals);
  if (o.interval) p.interval(o.interval);
  for (const [name, color] of Object.entries(o.colors ?? {})) p.overrideByName(name, fixed(color));
  if (o.ranked) rankColors.forEach((color, i) => p.overrideByRegexp(`/^${i + 1} /`, [...fixed(color), ...(o.stacked || i % 2 === 0 ? [] : [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 5] } }])]));
  for (const name of o.dashed ?? []) {
    p.overrideByRegexp(name, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } }, { id: 'custom.fillOpacity', value: 0 }, { id: 'custom.lineWidth', value: 1 }, { id: 'custom.showPoints', value: 'never' },
      { id: 'custom.stacking', value: { mode: 'none', group: 'A' } }, ...fixed('text'),
    ]);
  }
  if (o.links) p.overrideByFieldType('number', [{ id: 'links', value: o.links }]);
  o.targets.forEach((t, i) => p.withTarget(t.refId(String.fromCharCode(65 + i))));
  return p;
};

export const bars = (o: Common & { expr: string; legend: string; max?: number; hue?: string; above?: boolean; links?: Link[] }) => {
  const p = new BarGauge().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 8).height(o.height ?? 8)
    .withTarget(now(o.expr, o.legend)).unit(unit(o)).noValue(o.noValue ?? 'no calls').min(0)
    .orientation(common.VizOrientation.Horizontal).displayMode(common.BarGaugeDisplayMode.Basic).valueMode(common.BarGaugeValueMode.Text)
    .showUnfilled(true).thresholds(shapeSteps(o.steps ?? [['plain']]))
    .colorScheme(o.steps ? new FieldColorBuilder().mode(FieldColorModeId.Thresholds) : new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(o.hue ?? 'blue'))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
  if (o.max !== undefined) p.max(o.max);
  if (o.above) p.namePlacement(common.BarGaugeNamePlacement.Top); // long names
  if (o.links) p.overrideByFieldType('number', [{ id: 'links', value: o.links }]);
  return o.decimals === undefined ? p : p.decimals(o.decimals);
};

export const heatmap = (o: Common & { expr: string; scheme?: string }) =>
  new Heatmap().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 12).height(o.height ?? 9).interval('5m').noValue(o.noValue ?? 'no calls in this range')
    .withTarget(query(o.expr, '{{le}}').format(PromQueryFormat.Heatmap)).calculate(false).cellGap(1).showLegend()
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme(o.scheme ?? 'Oranges').fill('dark-orange').exponent(0.5).scale(HeatmapColorScale.Exponential).steps(64).reverse(false))
    .yAxis(new YAxisConfigBuilder().unit('s').axisPlacement(common.AxisPlacement.Left))
    .tooltip(new HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).yHistogram(true));

export const text = (title: string, content: string, width = 24, height = 3) =>
  new Text().title(title).span(width).height(height).mode(TextMode.Markdown).content(content);

export const row = (title: string) => new RowBuilder(title);
