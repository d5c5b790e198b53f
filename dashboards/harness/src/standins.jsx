// Simple stand-ins for panels that live in Grafana's core only and cannot be had as a library: heat map and geomap.
import React, { useEffect, useRef } from 'react';
import { getDisplayProcessor, getValueFormat, formattedValueToString } from '@grafana/data';
import { getTextColorForAlphaBackground } from '@grafana/ui';
import * as chromatic from 'd3-scale-chromatic';
import { geoCentroid, geoEquirectangular, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import world from 'world-atlas/countries-110m.json';
import codes from 'i18n-iso-countries/codes.json';

const land = feature(world, world.objects.countries).features;
const numeric = Object.fromEntries(codes.map(([a2, , n]) => [a2, n]));
const small = { SG: [103.8, 1.3], HK: [114.2, 22.3], GG: [-2.6, 49.5], JE: [-2.1, 49.2] }; // too small for the outline

export function Heatmap({ frames, theme, width, height, options, timing }) {
  const canvas = useRef();
  useEffect(() => {
    const c = canvas.current, dpr = window.devicePixelRatio || 1;
    c.width = width * dpr; c.height = height * dpr;
    const g = c.getContext('2d');
    g.scale(dpr, dpr);
    const rows = frames.map(f => ({ le: f.fields[1].labels.le === '+Inf' ? Infinity : +f.fields[1].labels.le, at: new Map(f.fields[0].values.map((t, i) => [t, f.fields[1].values[i]])) })).sort((a, b) => a.le - b.le);
    const times = [...new Set(frames.flatMap(f => f.fields[0].values))].sort((a, b) => a - b);
    const left = 58, bottom = 42, w = (width - left - 8) / times.length, h = (height - bottom - 6) / rows.length;
    const cells = times.map(t => rows.map((r, i) => Math.max(0, (r.at.get(t) ?? 0) - (i ? rows[i - 1].at.get(t) ?? 0 : 0))));
    const most = Math.max(1e-9, ...cells.flat());
    const scheme = chromatic['interpolate' + options.color.scheme] ?? chromatic.interpolateOranges;
    const color = v => scheme(theme.isDark ? 1 - Math.pow(v / most, options.color.exponent) : Math.pow(v / most, options.color.exponent));
    const unit = getValueFormat('s');
    g.font = '11px sans-serif'; g.fillStyle = theme.colors.text.secondary;
    rows.forEach((r, i) => { if (i % Math.ceil(rows.length * 14 / (height - bottom)) === 0) { g.textAlign = 'right'; g.fillText(r.le === Infinity ? '+Inf' : formattedValueToString(unit(r.le, 0)), left - 5, height - bottom - (i + 1) * h + 9); } });
    const every = Math.ceil(70 / w);
    times.forEach((t, x) => { if (x % every === 0) { g.textAlign = 'left'; g.fillText(new Date(t).toISOString().slice(11, 16), left + x * w, height - bottom + 14); } });
    cells.forEach((col, x) => col.forEach((v, i) => { if (v > 0.01) { g.fillStyle = color(v); g.fillRect(left + x * w, height - bottom - (i + 1) * h, Math.max(1, w - 1), Math.max(1, h - 1)); } }));
    for (let i = 0; i < 120; i++) { g.fillStyle = color(most * i / 120); g.fillRect(left + i * 1.5, height - 16, 1.5, 8); }
    g.fillStyle = theme.colors.text.secondary; g.textAlign = 'left';
    g.fillText(`0 – ${Math.round(most)} calls`, left + 188, height - 8);
  });
  return <canvas ref={canvas} style={{ width, height }} />;
}

export function Geomap({ frame, theme, width, height }) {
  const projection = geoEquirectangular().fitExtent([[4, 4], [width - 4, height - 4]], { type: 'MultiPoint', coordinates: [[-128, -42], [155, 66]] });
  const path = geoPath(projection);
  const field = n => frame?.fields.find(f => f.config.displayName === n || f.name === n);
  const country = field('Code'), asr = field('ASR'), attempts = field('Attempts');
  const most = Math.max(1, ...(attempts?.values ?? []));
  const place = code => small[code] ?? (f => f && geoCentroid(code === 'US' ? { type: 'Point', coordinates: [-98, 39] } : code === 'FR' ? { type: 'Point', coordinates: [2.5, 46.5] } : f))(land.find(f => f.id && f.id === numeric[code]));
  const display = asr && getDisplayProcessor({ field: asr, theme });
  return <svg width={width} height={height} style={{ background: theme.isDark ? '#1a2230' : '#d8e6f2', borderRadius: 4 }}>
    {land.map((f, i) => <path key={i} d={path(f)} fill={theme.isDark ? '#2b3340' : '#f3f1ec'} stroke={theme.isDark ? '#454f5e' : '#c3c8cf'} strokeWidth={0.5} />)}
    {(country?.values ?? []).map((c, i) => ({ c, i })).sort((a, b) => attempts.values[b.i] - attempts.values[a.i]).map(({ c, i }) => {
      const at = place(c), p = at && projection(at);
      if (!p) return null;
      const r = 6 + 18 * attempts.values[i] / most;
      return <g key={c}><circle cx={p[0]} cy={p[1]} r={r} fill={display(asr.values[i]).color} opacity={0.9} stroke={theme.colors.background.primary} />
        <text x={p[0]} y={p[1] + 3.5} fontSize={10} textAnchor="middle" fill={getTextColorForAlphaBackground(display(asr.values[i]).color, theme.isDark)}>{c}</text></g>;
    })}
    {(asr?.config.thresholds?.steps ?? []).map((step, i, steps) => {
      const y = height - 24 - 16 * (steps.length - 1 - i), text = v => formattedValueToString(getValueFormat(asr.config.unit)(v, 0));
      return <g key={i}><circle cx={14} cy={y} r={5} fill={theme.visualization.getColorByName(step.color)} />
        <text x={24} y={y + 4} fontSize={11} fill={theme.colors.text.primary}>{i === 0 ? `< ${text(steps[1].value)}` : `${text(step.value)}+`}</text></g>;
    })}
    <text x={8} y={height - 8} fontSize={10} fill={theme.colors.text.secondary}>stand-in for Grafana’s geomap</text>
  </svg>;
}
