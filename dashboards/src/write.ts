// Writes the dashboards' JSON beside the sources, or with --check says which file is not up to date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentGroups } from './agent-groups';
import { agentsDashboard } from './agents';
import { countries } from './countries';
import { exporter } from './exporter';
import { overview } from './overview';
import { schemaCheck } from './schema';

const check = process.argv.includes('--check');
const dashboards = { overview, 'agent-groups': agentGroups, countries, agents: agentsDashboard, exporter };
let stale = false;
for (const [name, make] of Object.entries(dashboards)) {
  const dashboard = make().build();
  let id = 0;
  for (const panel of dashboard.panels ?? []) {
    panel.id = ++id;
    if (panel.type === 'table') delete (panel as { options?: { footer?: unknown } }).options?.footer; // the builders' default, not in Grafana's schema any more
  }
  for (const v of dashboard.templating?.list ?? []) for (const k of ['auto', 'auto_min', 'auto_count']) delete (v as unknown as Record<string, unknown>)[k]; // an interval variable's
  const json = JSON.stringify(dashboard, null, 2) + '\n';
  const path = join(__dirname, '..', `${name}.json`);
  mkdirSync(join(__dirname, 'schema'), { recursive: true });
  writeFileSync(join(__dirname, 'schema', `${name}.ts`), schemaCheck(dashboard));
  if (!check) writeFileSync(path, json);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== json) {
    console.error(`${name}.json is not what src/ makes: npm run build`);
    stale = true;
  }
}
process.exitCode = stale ? 1 : 0;
