// TypeScript that assigns a dashboard's JSON to Grafana's own types, for the compiler to look at: the dashboard to that of
// @grafana/schema, each panel's options and custom field configuration to those of its kind.
import { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';

const kinds: Record<string, string> = { bargauge: 'BarGauge', geomap: 'Geomap', heatmap: 'Heatmap', stat: 'Stat', table: 'Table', text: 'Text', timeseries: 'TimeSeries' };
const withCustom = ['heatmap', 'table', 'timeseries'];
// Grafana's schema leaves out a query variable's definition and all of an annotation that is the data source's own.
const json = (v: unknown) => JSON.stringify(v ?? {}, (k, x) => (k === 'definition' ? undefined : x));
const common = ['name', 'enable', 'hide', 'iconColor', 'builtIn', 'placement', 'datasource'];
const annotations = (d: Dashboard) => ({ list: (d.annotations?.list ?? []).map(a => Object.fromEntries(Object.entries(a).filter(([k]) => common.includes(k)))) });

export function schemaCheck(dashboard: Dashboard): string {
  const lines = [
    `import type { Dashboard } from '@grafana/schema';`,
    ...Object.entries(kinds).map(([k, name]) => `import type * as ${k} from '@grafana/schema/dist/esm/raw/composable/${k}/panelcfg/x/${name}PanelCfg_types.gen';`),
    // Enumerations stand in JSON as their values.
    'type Loose<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined | Function ? T : T extends (infer U)[] ? Loose<U>[] : T extends object ? { [K in keyof T]?: Loose<T[K]> } : T;',
    `export const dashboard: Loose<Dashboard> = ${json({ ...dashboard, annotations: annotations(dashboard) })};`,
  ];
  for (const p of (dashboard.panels ?? []) as Panel[]) {
    if (!(p.type in kinds)) {
      if (p.type !== 'row') throw new Error(`panel ${p.title}: no schema for ${p.type}`);
      continue;
    }
    lines.push(`export const options${p.id}: Loose<${p.type}.Options> = ${json(p.options)}; // ${p.title}`);
    if (withCustom.includes(p.type)) lines.push(`export const custom${p.id}: Loose<${p.type}.FieldConfig> = ${json(p.fieldConfig?.defaults?.custom)};`);
  }
  return lines.join('\n') + '\n';
}
