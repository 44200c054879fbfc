// What our dashboards are made of. A small model of our own over Grafana's published
// types: each function returns a panel in the shape that @grafana/schema declares, so the
// compiler holds it to the version of Grafana that the stack runs, and what a panel must
// have (a unit, a text for no data, a description) cannot be left out.

import type { Dashboard, DashboardLink, DataSourceRef, Panel, Threshold, ValueMapping, VariableModel } from '@grafana/schema';

export type Lang = 'vi' | 'en';

/** One text in both languages. */
export type Words = Record<Lang, string>;

export const say = (vi: string, en: string): Words => ({ vi, en });

/** The data sources of deploy/grafana/provisioning/datasources. */
export const prometheus: DataSourceRef = { type: 'prometheus', uid: 'phusong-prometheus' };
export const influxdb: DataSourceRef = { type: 'influxdb', uid: 'phusong-influxdb' };

/** PromQL asked for now; legend names the series. */
export interface Instant {
  expr: string;
  /** A table: one row a series, its labels as columns. */
  table?: boolean;
  legend?: string;
}

/** PromQL asked for over the time range. */
export interface Range {
  expr: string;
  legend: Words | string;
}

/** InfluxQL over the time range; it names $__interval and $timeFilter itself. */
export interface History {
  influxql: string;
  alias: string;
}

export type Query = ({ kind: 'instant' } & Instant) | ({ kind: 'range' } & Range) | ({ kind: 'history' } & History);

export const instant = (expr: string, legend?: string): Query => ({ kind: 'instant', expr, legend });
export const rows = (expr: string): Query => ({ kind: 'instant', expr, table: true });
export const range = (expr: string, legend: Words | string): Query => ({ kind: 'range', expr, legend });
export const history = (influxql: string, alias: string): Query => ({ kind: 'history', influxql, alias });

/** Units by Grafana's names. */
export type Unit =
  | 'none' | 'short' | 'percentunit' | 's' | 'bytes' | 'decbytes' | 'Bps' | 'bps' | 'Mbits' | 'reqps' | 'dateTimeAsIso' | 'dateTimeFromNow'
  | 'celsius' | 'dBm' | 'dB' | 'lengthm' | 'lengthkm' | 'areaM2' | 'humidity' | 'volt' | 'ms' | 'conμgm3' | 'string' | 'bool' | 'cps' | 'wps';

/** Colours for what is good, worth a look, bad; legible from three metres and told apart
 * without red and green too, because each panel also says it in words or numbers. */
export const good = 'green';
export const look = 'orange';
export const bad = 'red';
export const unknown = 'purple';
export const calm = 'text';
export const info = 'blue';

/** Steps from a colour that holds from the lowest value on. */
export function steps(lowest: string, ...more: [number, string][]): Threshold[] {
  // Grafana's first step has no value, which its type cannot say.
  return [{ value: null as unknown as number, color: lowest }, ...more.map(([value, color]) => ({ value, color }))];
}

/** A value shown as words in a colour. */
export interface ValueWord {
  value: string;
  text: Words;
  color: string;
}

interface Common {
  title: Words;
  /** Who needs this panel, and what to do when it is bad. */
  description: Words;
  width: number;
  height: number;
  queries: Query[];
  unit: Unit;
  decimals?: number;
  min?: number;
  max?: number;
  thresholds?: Threshold[];
  words?: ValueWord[];
  /** What an empty answer means; not every emptiness is bad. */
  empty: Words;
  links?: PanelLink[];
}

export interface PanelLink {
  title: Words;
  /** Uid of a dashboard without its language. */
  to: string;
  /** Variables to hand over: name to a template such as ${__field.labels.site}. */
  with?: Record<string, string>;
}

/** What a page is made of: a panel, or a heading. */
export type Block = { width: number; height: number; panel: (lang: Lang) => Panel } | { heading: Words };

const code = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

function targets(queries: Query[], lang: Lang): Record<string, unknown>[] {
  return queries.map((query, i) => {
    const refId = code.charAt(i);
    switch (query.kind) {
      case 'instant':
        return {
          refId, datasource: prometheus, editorMode: 'code', expr: query.expr, instant: true, range: false,
          format: query.table ? 'table' : 'time_series', legendFormat: query.legend ?? '__auto',
        };
      case 'range':
        return {
          refId, datasource: prometheus, editorMode: 'code', expr: query.expr, instant: false, range: true,
          format: 'time_series', legendFormat: typeof query.legend === 'string' ? query.legend : query.legend[lang],
        };
      case 'history':
        return { refId, datasource: influxdb, rawQuery: true, query: query.influxql, alias: query.alias, resultFormat: 'time_series' };
    }
  });
}

function mappings(words: ValueWord[] | undefined, lang: Lang): ValueMapping[] {
  if (!words) return [];
  const options = Object.fromEntries(words.map((w, index) => [w.value, { text: w.text[lang], color: w.color, index }]));
  return [{ type: 'value', options } as unknown as ValueMapping];
}

export const address = (to: string, lang: Lang): string => `phusong-${to}-${lang}`;

function links(of: PanelLink[] | undefined, lang: Lang): { title: string; url: string; targetBlank: boolean }[] {
  return (of ?? []).map((link) => {
    const variables = Object.entries(link.with ?? {}).map(([name, value]) => `&var-${name}=${value}`).join('');
    return { title: link.title[lang], url: `/d/${address(link.to, lang)}?\${__url_time_range}${variables}`, targetBlank: false };
  });
}

function base(type: string, p: Common, lang: Lang): Panel {
  const first = p.queries[0];
  if (!first) throw new Error(`${p.title.en}: a panel without a query`);
  return {
    type,
    title: p.title[lang],
    description: p.description[lang],
    datasource: first.kind === 'history' ? influxdb : prometheus,
    targets: targets(p.queries, lang),
    fieldConfig: {
      defaults: {
        unit: p.unit, decimals: p.decimals, min: p.min, max: p.max,
        noValue: p.empty[lang],
        color: { mode: (p.thresholds || p.words ? 'thresholds' : 'palette-classic') as never },
        thresholds: { mode: 'absolute' as never, steps: p.thresholds ?? steps(calm) },
        mappings: mappings(p.words, lang),
        links: links(p.links, lang),
      },
      overrides: [],
    },
    transformations: [],
    options: {},
  };
}

/** One number or word, large. */
export interface Stat extends Common {
  /** Draw the course of the range under the number. */
  spark?: boolean;
  /** Colour the whole tile: for what must be seen from afar. */
  filled?: boolean;
}

export function stat(p: Stat): Block {
  return {
    width: p.width, height: p.height,
    panel: (lang) => ({
      ...base('stat', p, lang),
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: p.filled ? 'background' : 'value', graphMode: p.spark ? 'area' : 'none',
        justifyMode: 'center', orientation: 'auto', textMode: 'auto', wideLayout: true, showPercentChange: false,
      },
    }),
  };
}

export interface TimeSeries extends Common {
  stacked?: boolean;
  /** Steps instead of slopes: for counts of things. */
  stepped?: boolean;
}

export function timeseries(p: TimeSeries): Block {
  return {
    width: p.width, height: p.height,
    panel: (lang) => {
      const panel = base('timeseries', p, lang);
      const config = panel.fieldConfig!;
      config.defaults.color = { mode: 'palette-classic' as never };
      config.defaults.custom = {
        drawStyle: 'line', lineInterpolation: p.stepped ? 'stepAfter' : 'linear', lineWidth: 2,
        fillOpacity: p.stacked ? 60 : 10, showPoints: 'auto', spanNulls: false,
        stacking: { mode: p.stacked ? 'normal' : 'none', group: 'A' },
        thresholdsStyle: { mode: p.thresholds ? 'dashed' : 'off' }, axisSoftMin: 0,
      };
      panel.options = {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
        tooltip: { mode: 'multi', sort: 'desc' },
      };
      return panel;
    },
  };
}

/** A column of a table: a label or "Value", its heading, and how it is shown. */
export interface Column {
  name: string;
  title: Words;
  unit?: Unit;
  decimals?: number;
  words?: ValueWord[];
  thresholds?: Threshold[];
  links?: PanelLink[];
  width?: number;
}

export interface Table extends Omit<Common, 'words'> {
  columns: Column[];
  sort: { column: Words; desc: boolean };
}

/** Series as rows. With several queries the rows of the same labels are joined, and the
 * values are called "Value #A", "Value #B". */
export function table(p: Table): Block {
  return {
    width: p.width, height: p.height,
    panel: (lang) => {
      const panel = base('table', p, lang);
      const names = p.columns.map((c) => c.name);
      panel.transformations = [
        ...(p.queries.length > 1 ? [{ id: 'merge', options: {} }] : []),
        {
          id: 'organize',
          options: {
            includeByName: Object.fromEntries(names.map((name) => [name, true])),
            indexByName: Object.fromEntries(names.map((name, i) => [name, i])),
            renameByName: Object.fromEntries(p.columns.map((c) => [c.name, c.title[lang]])),
          },
        },
      ];
      panel.fieldConfig!.defaults.color = { mode: 'thresholds' as never };
      panel.fieldConfig!.defaults.custom = { align: 'auto', filterable: true, cellOptions: { type: 'auto' } };
      panel.fieldConfig!.overrides = p.columns.map((c) => ({
        matcher: { id: 'byName', options: c.title[lang] },
        properties: [
          ...(c.unit ? [{ id: 'unit', value: c.unit }] : []),
          ...(c.decimals !== undefined ? [{ id: 'decimals', value: c.decimals }] : []),
          ...(c.width ? [{ id: 'custom.width', value: c.width }] : []),
          ...(c.words ? [{ id: 'mappings', value: mappings(c.words, lang) }] : []),
          ...(c.thresholds ? [{ id: 'thresholds', value: { mode: 'absolute', steps: c.thresholds } }] : []),
          ...(c.words || c.thresholds ? [{ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } }] : []),
          ...(c.links ? [{ id: 'links', value: links(c.links, lang) }] : []),
        ],
      }));
      panel.options = {
        showHeader: true, cellHeight: 'md', footer: { show: false, reducer: [], countRows: false },
        sortBy: [{ displayName: p.sort.column[lang], desc: p.sort.desc }],
      };
      return panel;
    },
  };
}

/** Points on the map, one a series, by the labels latitude and longitude. */
export interface Map extends Common {
  /** Label that is written beside a point. */
  label: string;
}

export function geomap(p: Map): Block {
  return {
    width: p.width, height: p.height,
    panel: (lang) => {
      const panel = base('geomap', p, lang);
      // Labels are texts; a place is two numbers.
      panel.transformations = [{
        id: 'convertFieldType',
        options: {
          fields: {},
          conversions: [
            { targetField: 'latitude', destinationType: 'number' },
            { targetField: 'longitude', destinationType: 'number' },
          ],
        },
      }];
      panel.options = {
        view: { id: 'fit', lat: 0, lon: 0, zoom: 9, allLayers: true, padding: 10 },
        controls: { showZoom: true, mouseWheelZoom: true, showAttribution: true, showScale: true, showMeasure: false, showDebug: false },
        basemap: { type: 'default', name: 'basemap' },
        tooltip: { mode: 'details' },
        layers: [{
          type: 'markers', name: p.title[lang], tooltip: true,
          location: { mode: 'coords', latitude: 'latitude', longitude: 'longitude' },
          config: {
            showLegend: true,
            style: {
              color: { field: 'Value', fixed: unknown },
              size: { fixed: 8, min: 4, max: 12 },
              symbol: { fixed: 'img/icons/marker/circle.svg', mode: 'fixed' },
              opacity: 0.8,
              text: { field: p.label, fixed: '', mode: 'field' },
              textConfig: { fontSize: 11, offsetX: 0, offsetY: 14, textAlign: 'center', textBaseline: 'middle' },
            },
          },
        }],
      };
      return panel;
    },
  };
}

/** States over time, a band for each series. */
export function timeline(p: Common): Block {
  return {
    width: p.width, height: p.height,
    panel: (lang) => {
      const panel = base('state-timeline', p, lang);
      panel.fieldConfig!.defaults.custom = { fillOpacity: 80, lineWidth: 0 };
      panel.options = {
        mergeValues: true, showValue: 'auto', alignValue: 'left', rowHeight: 0.9,
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'single', sort: 'none' },
      };
      return panel;
    },
  };
}

/** Bars that compare things at one instant. */
export function bars(p: Common): Block {
  return {
    width: p.width, height: p.height,
    panel: (lang) => ({
      ...base('bargauge', p, lang),
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        displayMode: 'basic', orientation: 'horizontal', valueMode: 'color', showUnfilled: true, sizing: 'auto',
        minVizHeight: 16, minVizWidth: 8, maxVizHeight: 60, namePlacement: 'left',
        legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
      },
    }),
  };
}

export const heading = (vi: string, en: string): Block => ({ heading: say(vi, en) });

/** A choice at the top of a page, filled from a label in Prometheus. */
export interface Choice {
  name: string;
  label: Words;
  /** Metric whose label is offered, and the label. */
  metric: string;
  of: string;
  multi?: boolean;
}

function variable(c: Choice, lang: Lang): VariableModel {
  const query = `label_values(${c.metric}, ${c.of})`;
  const model: VariableModel & { definition: string } = {
    type: 'query', name: c.name, label: c.label[lang], datasource: prometheus,
    query: { query, refId: c.name, qryType: 1 } as never, definition: query,
    // When the page is opened: a range that ends now would ask again at each refresh.
    refresh: 1 as never, sort: 1 as never, multi: c.multi ?? true, includeAll: true, allValue: '.*',
    current: { text: lang === 'vi' ? 'Tất cả' : 'All', value: '$__all' } as never, options: [],
  };
  return model;
}

/** A dashboard in both languages. */
export interface Page {
  /** Part of its address for ever: phusong-{uid}-{lang}. */
  uid: string;
  folder: Words;
  title: Words;
  description: Words;
  choices: Choice[];
  refresh: string;
  from: string;
  blocks: Block[];
}

const width = 24;

export function render(page: Page, pages: Page[], lang: Lang): Dashboard {
  const panels: Dashboard['panels'] = [];
  let x = 0, y = 0, tallest = 0, id = 0;
  const newLine = () => { x = 0; y += tallest; tallest = 0; };
  for (const block of page.blocks) {
    id++;
    if ('heading' in block) {
      newLine();
      panels!.push({ type: 'row', id, title: block.heading[lang], collapsed: false, gridPos: { x: 0, y, w: width, h: 1 }, panels: [] });
      y++;
      continue;
    }
    if (x + block.width > width) newLine();
    panels!.push({ ...block.panel(lang), id, gridPos: { x, y, w: block.width, h: block.height } });
    x += block.width;
    tallest = Math.max(tallest, block.height);
  }
  const other: Lang = lang === 'vi' ? 'en' : 'vi';
  const links: DashboardLink[] = [
    ...pages.filter((p) => p !== page).map((p) => link(p.title[lang], `/d/${address(p.uid, lang)}`)),
    link(other === 'vi' ? 'Tiếng Việt' : 'English', `/d/${address(page.uid, other)}`),
  ];
  return {
    uid: address(page.uid, lang), title: page.title[lang], description: page.description[lang],
    tags: ['phusong', lang], editable: false, graphTooltip: 1, schemaVersion: 41, version: 1,
    refresh: page.refresh, time: { from: page.from, to: 'now' }, timezone: 'browser', weekStart: 'monday', fiscalYearStartMonth: 0,
    liveNow: false, preload: false,
    links, panels,
    templating: { list: page.choices.map((c) => variable(c, lang)) },
    annotations: { list: [incidents(lang)] },
  };
}

function link(title: string, url: string): DashboardLink {
  return { type: 'link', title, url, icon: 'dashboard', tooltip: '', tags: [], asDropdown: false, targetBlank: false, includeVars: true, keepTime: true };
}

/** Incidents as marks in every course: what was wrong then. */
function incidents(lang: Lang) {
  return {
    name: lang === 'vi' ? 'Sự cố' : 'Incidents', enable: true, iconColor: bad, datasource: prometheus,
    expr: 'sum by (cause, area) (phusong_incidents) > 0', step: '60s', titleFormat: '{{cause}}', textFormat: '{{area}}', useValueForTime: false,
    builtIn: 0, hide: false,
  } as never;
}
