// What Grafana's core does around its libraries: the field-config registry, the transformers, queries and variables.
import {
  FieldConfigOptionsRegistry, FieldType, standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry, toDataFrame,
} from '@grafana/data';

const standard = ['displayName', 'unit', 'min', 'max', 'decimals', 'noValue', 'color', 'thresholds', 'mappings', 'links', 'fieldMinMax'];
const custom = ['lineWidth', 'fillOpacity', 'drawStyle', 'lineInterpolation', 'gradientMode', 'showPoints', 'pointSize', 'stacking', 'axisPlacement', 'axisLabel',
  'scaleDistribution', 'thresholdsStyle', 'hideFrom', 'spanNulls', 'lineStyle', 'barAlignment', 'axisSoftMin', 'axisSoftMax', 'axisGridShow', 'axisColorMode',
  'axisCenteredZero', 'axisBorderShow', 'barWidthFactor', 'cellOptions', 'align', 'width', 'minWidth', 'hidden', 'inspect', 'filterable'];
const item = (id, isCustom) => ({
  id: isCustom ? `custom.${id}` : id, path: id, name: id, isCustom, process: v => v, shouldApply: () => true, getItemsCount: () => 0, editor: () => null, override: () => null, settings: {},
});
export const registry = new FieldConfigOptionsRegistry(() => [...standard.map(id => item(id, false)), ...custom.map(id => item(id, true))]);
standardFieldConfigEditorRegistry.setInit(() => standard.map(id => item(id, false)));
standardTransformersRegistry.setInit(() => [...new Map(Object.values(standardTransformers).map(t => [t.id, t])).values()].map(t => ({ id: t.id, name: t.name, transformation: () => Promise.resolve(t), editor: () => null })));

const duration = s => `${Math.max(1, Math.round(s))}s`;
const seconds = text => ({ s: 1, m: 60, h: 3600, d: 86400 })[text?.at(-1)] * parseFloat(text) || 0;
const nice = s => [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400].find(x => x >= s) ?? 86400;

/** The step of a panel, and the variables that depend on it, as Grafana computes them. */
export function timing(panel, range, width, scrape) {
  const step = Math.max(nice((range.to - range.from) / 1000 / Math.max(100, width)), seconds(panel.interval), scrape);
  return { step, vars: { __rate_interval: duration(Math.max(step + scrape, 4 * scrape)), __interval: duration(step), __range: duration((range.to - range.from) / 1000) } };
}
export const interpolate = (text, vars) => String(text ?? '').replace(/\$(\w+)|\$\{(\w+)(?::\w+)?\}/g, (m, bare, braced) => vars[bare ?? braced] ?? m);

const legend = (format, labels) => {
  if (format && format !== '__auto') return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, k) => labels[k] ?? '');
  const { __name__: _, ...rest } = labels;
  const names = Object.keys(rest);
  return names.length === 0 ? 'Value' : names.length === 1 ? rest[names[0]] : JSON.stringify(rest);
};

async function prometheus(path, params) {
  const r = await (await fetch('/prom/api/v1/' + path, { method: 'POST', body: new URLSearchParams(params) })).json();
  if (r.status !== 'success') throw new Error(r.error);
  return r.data.result;
}

/** The frames of one target. */
export async function query(target, range, timing, vars, several) {
  const expr = interpolate(target.expr, { ...vars, ...timing.vars });
  if (target.instant) {
    const result = await prometheus('query', { query: expr, time: range.to / 1000 });
    if (target.format === 'table') return [tableFrame(target, several, result)];
    return result.map(s => frame(target, s, [s.value], timing.step));
  }
  const start = Math.floor(range.from / 1000 / timing.step) * timing.step;
  const result = await prometheus('query_range', { query: expr, start, end: range.to / 1000, step: timing.step });
  if (target.format === 'table') {
    return [tableFrame(target, several, result.flatMap(s => s.values.map(v => ({ metric: s.metric, value: v }))))];
  }
  return result.map(s => frame(target, s, s.values, timing.step));
}
function tableFrame(target, several, samples) {
  const names = [...new Set(samples.flatMap(s => Object.keys(s.metric)))].sort();
  return toDataFrame({ refId: target.refId, fields: [
    { name: 'Time', type: FieldType.time, values: samples.map(s => s.value[0] * 1000), config: {} },
    ...names.map(n => ({ name: n, type: FieldType.string, values: samples.map(s => s.metric[n] ?? ''), config: { filterable: true } })),
    { name: several ? `Value #${target.refId}` : 'Value', type: FieldType.number, values: samples.map(s => +s.value[1]), config: {} },
  ] });
}
function frame(target, s, values, step) {
  const name = legend(target.legendFormat, s.metric);
  const points = [];
  for (const [t, v] of values) {
    const last = points.at(-1);
    if (last && t - last[0] > step) points.push([last[0] + step, null]); // a gap, as Grafana's core marks it
    points.push([t, +v]);
  }
  return toDataFrame({ refId: target.refId, name, fields: [
    { name: 'Time', type: FieldType.time, values: points.map(p => p[0] * 1000), config: {} },
    { name: 'Value', type: FieldType.number, values: points.map(p => p[1]), labels: s.metric, config: { displayNameFromDS: name } }] });
}

/** The variables that are not chosen but asked of Prometheus: query_result(...). */
export async function asked(list, range, vars) {
  for (const v of list) {
    const expr = v.definition?.match(/^query_result\((.*)\)$/)?.[1];
    if (!expr) continue;
    const texts = (await prometheus('query', { query: interpolate(expr, vars), time: range.to / 1000 })).map(s => '{' + Object.entries(s.metric).map(([k, x]) => `${k}="${x}"`) + '}');
    const [, pattern] = v.regex.match(/^\/(.*)\/$/);
    vars[v.name] = texts[0]?.match(new RegExp(pattern))?.[1];
  }
}

/** When each series of an annotation's query was there: stretches of minutes without a gap. */
export async function annotations(list, range, vars) {
  const all = [];
  for (const a of list) {
    for (const s of await prometheus('query_range', { query: interpolate(a.expr, vars), start: range.from / 1000, end: range.to / 1000, step: 60 })) {
      let last;
      for (const [t] of s.values) {
        if (last && t - last.to / 1000 <= 120) last.to = t * 1000;
        else all.push(last = { color: a.iconColor, from: t * 1000, to: t * 1000 });
      }
    }
  }
  return all;
}
