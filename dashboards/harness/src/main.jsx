// A page that shows one dashboard: ?dashboard=overview&from=<ms>&to=<ms>&theme=dark|light&scrape=<seconds>. The title becomes "ready".
import React, { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { lastValueFrom } from 'rxjs';
import {
  applyFieldOverrides, cacheFieldDisplayNames, createTheme, dateTime, FieldColorModeId, getFieldDisplayValues, LoadingState, renderMarkdown, ThemeContext, transformDataFrame, VizOrientation,
} from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable'; // what Grafana's table panel is made of
import { annotations, asked, query, interpolate, registry, timing } from './grafana.js';
import { Geomap, Heatmap } from './standins.jsx';

const params = new URLSearchParams(location.search);
const dashboard = await (await fetch(`/dashboards/${params.get('dashboard') ?? 'overview'}.json`)).json();
const range = { to: Number(params.get('to') ?? Date.now()), from: Number(params.get('from') ?? Date.now() - 6 * 3600e3) };
const scrape = Number(params.get('scrape') ?? 15);
const theme = createTheme({ colors: { mode: params.get('theme') ?? 'dark' } });
const vars = { datasource: 'prometheus', ...Object.fromEntries(['account', 'agent_group', 'call_type', 'country', 'agent'].map(n => [n, params.get(n) ?? '.*'])) };
await asked(dashboard.templating.list, range, vars);
const timeZone = params.get('tz') ?? 'utc';

const width = window.innerWidth, narrow = width < 769, column = (width - 16) / 24, rowHeight = 38;

function prepare(p, frames) {
  const replaceVariables = v => interpolate(v, vars);
  const fieldConfig = structuredClone(p.fieldConfig ?? { defaults: {}, overrides: [] });
  fieldConfig.overrides ??= [];
  fieldConfig.defaults.color ??= { mode: p.type === 'timeseries' ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds };
  fieldConfig.defaults.thresholds ??= { mode: 'absolute', steps: [{ value: -Infinity, color: 'green' }] };
  for (const t of [fieldConfig.defaults.thresholds, ...fieldConfig.overrides.flatMap(o => o.properties.filter(x => x.id === 'thresholds').map(x => x.value))]) if (t.steps[0]) t.steps[0].value = -Infinity;
  const data = applyFieldOverrides({ data: frames, fieldConfig, fieldConfigRegistry: registry, replaceVariables, theme, timeZone });
  cacheFieldDisplayNames(data);
  return { data, fieldConfig, replaceVariables };
}

function Empty({ text }) { return <div style={{ display: 'flex', alignItems: 'center', justifyContent: 'center', height: '100%', color: theme.colors.text.secondary }}>{text ?? 'No data'}</div>; }

function Viz({ p, state, w, h }) {
  if (p.type === 'text') return <div className="markdown-html" style={{ padding: 4 }} dangerouslySetInnerHTML={{ __html: renderMarkdown(p.options.content) }} />;
  if (state.error) return <pre style={{ color: 'red', whiteSpace: 'pre-wrap' }}>{state.error.message}</pre>;
  const noValue = p.fieldConfig?.defaults?.noValue;
  const { data, fieldConfig, replaceVariables } = prepare(p, state.frames);
  const empty = !data.some(f => f.length > 0);
  if (p.type === 'stat' || p.type === 'bargauge') {
    const values = getFieldDisplayValues({ fieldConfig, reduceOptions: { calcs: ['lastNotNull'], ...p.options?.reduceOptions }, replaceVariables, theme, data: empty ? [] : data, sparkline: false, timeZone });
    if (empty) return <Empty text={noValue} />;
    if (p.type === 'stat') return <div style={{ display: 'flex' }}>{values.map((v, i) => <BigValue key={i} value={p.options.textMode === 'value_and_name' ? v.display : { ...v.display, title: undefined }} width={w / values.length} height={h} theme={theme} colorMode={p.options.colorMode} graphMode="none" justifyMode={p.options.justifyMode} textMode={p.options.textMode} />)}</div>;
    const above = p.options.namePlacement === 'top', shown = values.slice(0, Math.floor(h / (above ? 32 : 20))), each = Math.min(above ? 44 : 34, h / shown.length);
    return shown.map((v, i) => <div key={i} style={{ height: each }}><BarGauge value={v.display} field={v.field} width={w} height={each - 5} theme={theme} orientation={VizOrientation.Horizontal} displayMode={p.options.displayMode} valueDisplayMode={p.options.valueMode} namePlacement={p.options.namePlacement} showUnfilled alignmentFactors={{ title: shown.reduce((a, x) => (x.display.title.length > a.length ? x.display.title : a), '') + 'M', text: '1000 min' }} /></div>);
  }
  if (p.type === 'table') return empty ? <Empty text={noValue} /> : <TableNG data={data[0]} width={w} height={h} sortBy={p.options.sortBy} cellHeight={p.options.cellHeight} fieldConfig={fieldConfig} noValue={noValue} getActions={() => []} enableVirtualization={false} />;
  if (p.type === 'geomap') return <Geomap frame={data[0]} theme={theme} width={w} height={h} />;
  if (empty) return <Empty text={noValue} />;
  if (p.type === 'heatmap') return <Heatmap frames={data} theme={theme} width={w} height={h} options={p.options} />;
  if (p.type === 'timeseries') return <TimeSeries frames={data} width={w} height={h} timeRange={{ from: dateTime(range.from), to: dateTime(range.to), raw: { from: '', to: '' } }} timeZone={timeZone} legend={p.options.legend} options={p.options} replaceVariables={replaceVariables}>{config => { config.addHook('draw', u => mark(u, state.marks)); return null; }}</TimeSeries>;
  return <Empty text={`no stand-in for ${p.type}`} />;
}

// Annotations are drawn by Grafana's core: dashed lines where something begins and a bar below while it lasts.
function mark(u, marks) {
  const { ctx, bbox } = u, dpr = devicePixelRatio;
  ctx.save();
  ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height + 4 * dpr); ctx.clip();
  for (const { color, from, to } of marks) {
    const x = u.valToPos(from, 'x', true), end = u.valToPos(to, 'x', true);
    ctx.strokeStyle = ctx.fillStyle = theme.visualization.getColorByName(color);
    ctx.setLineDash([4 * dpr, 4 * dpr]); ctx.lineWidth = dpr;
    ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
    ctx.fillRect(x, bbox.top + bbox.height, Math.max(3 * dpr, end - x), 4 * dpr);
  }
  ctx.restore();
}

async function load(p, marks) {
  if (!p.targets?.length) return { frames: [] };
  try {
    const t = timing(p, range, narrow ? width : p.gridPos.w * column, scrape);
    let frames = (await Promise.all(p.targets.map(x => query(x, range, t, vars, p.targets.length > 1)))).flat();
    if (p.transformations?.length) frames = await lastValueFrom(transformDataFrame(p.transformations, frames));
    return { frames, marks };
  } catch (error) {
    return { frames: [], error };
  }
}

// Grafana's narrow layout: one column, in the order of the wide one.
function layout(panels) {
  let y = 0;
  return panels.map(p => {
    const g = p.gridPos;
    if (!narrow) return { p, left: 8 + g.x * column, top: g.y * rowHeight, w: g.w * column - 8, h: g.h * rowHeight - 8 };
    const box = { p, left: 8, top: y, w: width - 16, h: g.h * rowHeight - 8 };
    y += g.h * rowHeight;
    return box;
  });
}

function App() {
  const [states, set] = useState({});
  useEffect(() => { (async () => {
    const out = {};
    const marks = await annotations(dashboard.annotations?.list ?? [], range, vars);
    for (const p of dashboard.panels) out[p.id] = await load(p, marks);
    window.report = dashboard.panels.filter(p => p.targets).map(p => `${p.title}: ${out[p.id].error?.message ?? out[p.id].frames.reduce((n, f) => n + f.length, 0) + ' points'}`);
    set(out);
    setTimeout(() => { document.title = 'ready'; }, 1500);
  })(); }, []);
  const boxes = layout(dashboard.panels);
  const height = Math.max(...boxes.map(b => b.top + b.h)) + 60;
  return <ThemeContext.Provider value={theme}><GlobalStyles />
    <div style={{ background: theme.colors.background.canvas, color: theme.colors.text.primary, minHeight: '100%' }}>
      <h4 style={{ margin: 0, padding: '12px 12px 10px', fontSize: 16 }}>{dashboard.title}</h4>
      <div id="board" style={{ position: 'relative', height }}>
        {boxes.map(({ p, left, top, w, h }) => {
          const style = { position: 'absolute', left, top, width: w, height: h };
          if (p.type === 'row') return <div key={p.id} style={{ ...style, padding: 6, fontWeight: 500 }}>{p.title}</div>;
          const state = states[p.id];
          return <div key={p.id} id={`panel-${p.id}`} style={style}><PanelChrome title={p.title} description={interpolate(p.description, vars)} width={w} height={h} loadingState={state ? LoadingState.Done : LoadingState.Loading}>
            {(iw, ih) => (state ? <Viz p={p} state={state} w={iw} h={ih} /> : null)}</PanelChrome></div>;
        })}
      </div>
    </div></ThemeContext.Provider>;
}
createRoot(document.getElementById('root')).render(<App />);
