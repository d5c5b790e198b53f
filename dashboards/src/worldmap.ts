import * as common from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { ControlsOptionsBuilder, MapCenterID, MapViewConfigBuilder, PanelBuilder as Geomap, TooltipMode, TooltipOptionsBuilder } from '@grafana/grafana-foundation-sdk/geomap';
import { countryRow } from './links';
import * as m from './metrics';
import { shapeSteps, Steps } from './palette';
import { column, datasource } from './panels';

const country = ['country'];

/** Countries by their ISO code: colour is ASR, size the attempts. */
export const worldMap = (asrSteps: Steps) =>
  new Geomap().title('ASR on the map').span(12).height(12).datasource(datasource).noValue('no outgoing calls').unit('percentunit').decimals(1)
    .description('Outgoing calls: colour is ASR (answered / attempts; the legend is on the map), size is the number of attempts. Countries with fewer than 10 attempts are left out. International numbers (001) and unknown countries have no place on a map. Only the map\'s tiles need the internet.')
    .withTarget(column('asr', m.named(m.ofAtLeast(10, m.asr(m.whole, country), m.attempts(m.whole, country))))).withTarget(column('attempts', `${m.attempts(m.whole, country)} >= 10`))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true }, indexByName: {}, renameByName: { 'Value #asr': 'ASR', 'Value #attempts': 'Attempts', country: 'Code', name: 'Country' } } })
    .thresholds(shapeSteps(asrSteps)).colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .overrideByName('Attempts', [{ id: 'unit', value: 'short' }, { id: 'decimals', value: 0 }])
    .overrideByName('Country', [{ id: 'links', value: countryRow }])
    .view(new MapViewConfigBuilder().id(MapCenterID.Coords).lat(25).lon(30).zoom(1.4).allLayers(true))
    .controls(new ControlsOptionsBuilder().showZoom(true).mouseWheelZoom(false).showAttribution(true).showScale(false).showMeasure(false).showDebug(false))
    .tooltip(new TooltipOptionsBuilder().mode(TooltipMode.Details))
    .basemap(new common.MapLayerOptionsBuilder().type('default').name('Base map').config({}))
    .layers([
      new common.MapLayerOptionsBuilder().type('markers').name('ASR').tooltip(true)
        .location(new common.FrameGeometrySourceBuilder().mode(common.FrameGeometrySourceMode.Lookup).lookup('Code').gazetteer('public/gazetteer/countries.json'))
        .config({
          showLegend: true,
          style: {
            color: { field: 'ASR', fixed: 'blue' }, opacity: 0.9, rotation: { fixed: 0, max: 360, min: -360, mode: 'mod' },
            size: { field: 'Attempts', fixed: 8, max: 30, min: 6 }, symbol: { fixed: 'img/icons/marker/circle.svg', mode: 'fixed' }, symbolAlign: { horizontal: 'center', vertical: 'center' },
            text: { field: 'Code', fixed: '', mode: 'field' }, textConfig: { fontSize: 10, offsetX: 0, offsetY: 0, textAlign: 'center', textBaseline: 'middle' },
          },
        }),
    ]);
