// What all dashboards have in common: variables, links to each other, and marks where alerts fired and exporters started.
import {
  AnnotationQueryBuilder, DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, DatasourceVariableBuilder, QueryVariableBuilder, VariableHide, VariableRefresh, VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource, query } from './panels';

const labelVariable = (name: string, label: string, metric: string, filter = '') =>
  new QueryVariableBuilder(name).label(label).datasource(datasource)
    .query({ query: `label_values(${metric}${filter}, ${name})`, refId: 'PrometheusVariableQueryEditor-VariableQuery', qryType: 1 })
    .definition(`label_values(${metric}${filter}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalAsc).multi(true).includeAll(true).allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });

/** A bound in seconds that the alerts use for most of the chosen agent groups; without the rules, what they are delivered with. Nobody chooses it: it is not shown, and links do not carry it. */
const boundVariable = (name: string, threshold: string, delivered: number) => {
  const series = `account_agent_group:itnio_threshold:${threshold}{account=~"$account", agent_group=~"$agent_group"}`;
  const expr = `query_result(topk(1, count_values("seconds", last_over_time(${series}[1d]))) or on () label_replace(vector(1), "seconds", "${delivered}", "", ""))`;
  const b = new QueryVariableBuilder(name).datasource(datasource).hide(VariableHide.HideVariable)
    .query({ query: expr, refId: 'PrometheusVariableQueryEditor-VariableQuery', qryType: 3 }).definition(expr).regex('/seconds="([^"]+)"/')
    .refresh(VariableRefresh.OnTimeRangeChanged).current({ selected: true, text: `${delivered}`, value: `${delivered}` });
  return { build: () => ({ ...b.build(), skipUrlSync: true }) };
};

const variables = {
  account: () => labelVariable('account', 'Account', 'itnio_up'),
  agent_group: () => labelVariable('agent_group', 'Agent group', 'itnio_calls_total', '{account=~"$account"}'),
  call_type: () => labelVariable('call_type', 'Call type', 'itnio_calls_total', '{account=~"$account"}'),
  country: () => labelVariable('country', 'Country', 'itnio_calls_total', '{account=~"$account"}'),
  agent: () => labelVariable('agent', 'Agent', 'itnio_agent_calls_total', '{account=~"$account", agent_group=~"$agent_group"}'),
  answered_within: () => boundVariable('answered_within', 'service_level_seconds', 20),
  missed_within: () => boundVariable('missed_within', 'short_missed_seconds', 5),
};

const alerts = () =>
  new AnnotationQueryBuilder().name('Alerts').datasource(datasource).enable(true).iconColor('red')
    .target(query('ALERTS{alertname=~"Itnio.+", alertstate="firing", account=~"$account|"}').refId('Anno'))
    .expr('ALERTS{alertname=~"Itnio.+", alertstate="firing", account=~"$account|"}').step('60s')
    .titleFormat('{{alertname}}').textFormat('{{account}} {{agent_group}} {{country}} {{code}}').tagKeys('severity,team');

const restarts = () => {
  const started = 'time() - process_start_time_seconds < 60 and on (job, instance) itnio_exporter_build_info';
  return new AnnotationQueryBuilder().name('Exporter starts').datasource(datasource).enable(true).iconColor('purple')
    .target(query(started).refId('Anno')).expr(started).step('60s').titleFormat('Exporter started').textFormat('{{instance}}').tagKeys('job');
};

export const dashboard = (o: { uid: string; title: string; description: string; variables: (keyof typeof variables)[] }) => {
  const d = new DashboardBuilder(o.title).uid(o.uid).description(o.description).tags(['itnio', 'call-centre']).timezone('browser').editable()
    .tooltip(DashboardCursorSync.Crosshair).refresh('1m').time({ from: 'now-6h', to: 'now' }).version(1)
    .link(new DashboardLinkBuilder('Call centre').type(DashboardLinkType.Dashboards).tags(['itnio']).asDropdown(false).includeVars(true).keepTime(true))
    .annotation(alerts()).annotation(restarts())
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus').current({ selected: false, text: 'default', value: 'default' }));
  for (const v of o.variables) d.withVariable(variables[v]());
  return d;
};
