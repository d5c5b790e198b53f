// Tables: one query for each column, joined by their labels, or by time.
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { Link } from './links';
import { fills, fillSteps, Steps } from './palette';
import { column, Common, datasource, query, unit } from './panels';

/** A column of a table: the query's refId (or a label), its heading and how it is drawn. */
export interface Column { id: string; title: string; unit?: string; decimals?: number; steps?: Steps; color?: 'background' | 'gauge'; width?: number; minWidth?: number; hidden?: boolean; first?: boolean; links?: Link[]; mappings?: unknown }

/** labels are the columns that rows are known by, values those of the queries; labels stand before values that are not first. interval: one row for each such stretch of time instead of one for each label set. */
export const table = (o: Common & { queries: Record<string, string>; labels: Column[]; values: Column[]; sort?: string; drop?: string[]; interval?: string }) => {
  const p = new Table().title(o.title).description(o.description).datasource(datasource).span(o.width ?? 24).height(o.height ?? 9)
    .cellHeight(common.TableCellHeight.Sm).showHeader(true).noValue(o.noValue ?? '–');
  const ids = Object.keys(o.queries);
  for (const id of ids) p.withTarget(o.interval ? query(o.queries[id]).format(PromQueryFormat.Table).refId(id) : column(id, o.queries[id]));
  if (o.interval) p.interval(o.interval);
  const columns = [...o.values.filter(c => c.first), ...o.labels, ...o.values.filter(c => !c.first)];
  const valueField = (id: string) => (ids.length > 1 ? `Value #${id}` : 'Value');
  const field = (c: Column) => (o.values.includes(c) ? valueField(c.id) : c.id);
  if (ids.length > 1) p.withTransformation({ id: 'merge', options: {} });
  p.withTransformation({
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries([...(o.interval ? [] : ['Time']), '__name__', ...(o.drop ?? [])].map(n => [n, true])),
      indexByName: Object.fromEntries(columns.map((c, i) => [field(c), i])),
      renameByName: Object.fromEntries(columns.map(c => [field(c), c.title])),
    },
  });
  if (o.sort) p.sortBy([new common.TableSortByFieldStateBuilder().displayName(o.sort).desc(true)]);
  for (const c of columns) {
    const properties = drawn(c, o.values.includes(c));
    if (properties.length) p.overrideByName(c.title, properties);
  }
  return p;
};

/** How a column is drawn, as field overrides. */
function drawn(c: Column, isValue: boolean): DynamicConfigValue[] {
  const all: DynamicConfigValue[] = [];
  if (isValue) all.push({ id: 'unit', value: unit(c) });
  else if (c.unit) all.push({ id: 'unit', value: c.unit });
  if (c.decimals !== undefined) all.push({ id: 'decimals', value: c.decimals });
  if (c.width) all.push({ id: 'custom.width', value: c.width });
  if (c.minWidth) all.push({ id: 'custom.minWidth', value: c.minWidth });
  if (c.hidden) all.push({ id: 'custom.hidden', value: true }, { id: 'custom.hideFrom', value: { viz: true, legend: true, tooltip: true } }); // Grafana 11, and later
  all.push({ id: 'noValue', value: '–' }); // of a cell; the panel's is for an empty table
  // An empty cell would get the colour of the lowest threshold.
  const empty = { type: 'special', options: { match: 'null+nan', result: { text: '–', color: fills.plain, index: 9 } } };
  if (c.mappings || c.steps) all.push({ id: 'mappings', value: c.mappings ?? [empty] });
  if (c.steps) all.push({ id: 'thresholds', value: fillSteps(c.steps).build() });
  if (c.steps || c.color === 'background') all.push({ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } });
  if (c.color === 'gauge') all.push({ id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } }, { id: 'color', value: { mode: 'fixed', fixedColor: 'blue' } }, { id: 'fieldMinMax', value: true }, { id: 'min', value: 0 });
  if (c.links) all.push({ id: 'links', value: c.links });
  return all;
}
