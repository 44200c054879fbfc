// One alert: what happened, the evidence, what to do, who does it, and all that was done.
import { useRoute } from 'preact-iso'
import { useEffect, useState } from 'preact/hooks'
import { answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'
import { listen } from '../../api/live'
import { ago, dateTime } from '../../format'
import { may, session } from '../../session'
import { Badge, Empty, Loaded, Page } from '../../ui'
import { useNow } from '../../ui/now'
import { words } from '../../words'
import { ActButtons, ActDialog, type Opened } from './acts'
import './alerts.css'
import { type Alert, type Incident, holds, worstFirst } from './book'
import { Guide } from './guide'
import { Marks, inHand } from './incident'
import { alertLink, deviceLink, fieldLink, onMap } from './links'
import { causeText, placeOf, ruleTitle, severityText, severityTone, textOf, titleOf } from './titles'
import { Timeline } from './timeline'
import { Trend } from './trend'
import { useAreas } from './useareas'

const w = words({
  vi: {
    title: 'Cảnh báo', back: 'Tất cả cảnh báo', what: 'Chuyện gì xảy ra', next: 'Việc cần làm', place: 'Nơi', since: 'Từ', fired: 'Phát hiện', toldAt: 'Đã báo', resolved: 'Hết lúc', who: 'Người xử lý', rule: 'Quy tắc', cause: 'Nguyên nhân', list: 'Gồm',
    map: 'Xem bản đồ', device: 'Xem thiết bị', field: 'Mở trang hiện trường', history: 'Diễn biến xử lý', over: 'Đã hết', open: 'Đang diễn ra', unknown: 'Không tìm thấy cảnh báo này', unknownHow: 'Cảnh báo đã quá cũ, hoặc ngoài địa bàn của bạn.',
    held: 'Cảnh báo này không được báo riêng vì nguyên nhân chung là:', subject: 'Đối tượng', notTold: 'chưa báo',
  },
  en: {
    title: 'Alert', back: 'All alerts', what: 'What happened', next: 'What to do', place: 'Place', since: 'Since', fired: 'Found', toldAt: 'Told', resolved: 'Over', who: 'In hand', rule: 'Rule', cause: 'Cause', list: 'Among them',
    map: 'On the map', device: 'The device', field: 'Open the field page', history: 'History', over: 'Over', open: 'Going on', unknown: 'There is no such alert', unknownHow: 'It is too old, or outside your areas.',
    held: 'People are not told of this one apart, because its cause is:', subject: 'Subject', notTold: 'not told',
  },
})

/** Loads again when something happens to this alert, and to no other. */
function useOwnEvents(id: string, reload: () => void): void {
  useEffect(
    () =>
      listen(['alert', 'handling'], (kind, data) => {
        const about = kind === 'alert' ? (data as Schemas['AlertEvent']).alert.id : kind === 'handling' ? (data as Schemas['HandlingEvent']).alert : id
        if (about === id) reload()
      }),
    [id, reload],
  )
}

export default function AlertPage() {
  const id = useRoute().params['id'] ?? ''
  const alert = useData('alert ' + id, (signal) => answer(api.GET('/api/v1/alerts/{id}', { params: { path: { id } }, signal })))
  const history = useData('history ' + id, (signal) => answer(api.GET('/api/v1/alerts/{id}/history', { params: { path: { id } }, signal })))
  useOwnEvents(id, alert.reload)
  useOwnEvents(id, history.reload)
  const title = alert.value ? titleOf(alert.value) : w().title
  if (alert.problem?.status === 404) {
    return (
      <Page title={w().unknown}>
        <Empty title={w().unknown}>
          <span>{w().unknownHow}</span>
          <a href="/alerts">{w().back}</a>
        </Empty>
      </Page>
    )
  }
  return (
    <Page title={title} actions={<a class="button" href="/alerts">{w().back}</a>}>
      <Loaded data={alert}>
        {(a) => (
          <div class="split">
            <div class="stack">
              <Head alert={a} />
              <What alert={a} />
              <Trend alert={a} />
              <Guide alert={a} />
            </div>
            <section class="card" aria-label={w().history}>
              <h2>{w().history}</h2>
              <Loaded data={history}>{(steps) => <Timeline steps={steps} />}</Loaded>
            </section>
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Head({ alert }: { alert: Alert }) {
  const now = useNow(15_000)
  const [dialog, open] = useState<Opened>()
  const over = alert.resolved !== undefined
  const map = onMap(alert)
  const people = [session.value?.name, alert.handling?.assignee, alert.handling?.acknowledged_by].filter((n): n is string => !!n)
  return (
    <section class={`card incident ${over ? '' : alert.severity}`} data-testid="alert" data-alert={alert.id}>
      <div class="row">
        <Badge tone={severityTone(alert.severity)}>{severityText(alert.severity)}</Badge>
        <Badge tone={over ? 'good' : 'warning'}>{over ? w().over : w().open}</Badge>
        <Marks alert={alert} />
        <span>{over ? '' : inHand(alert, now)}</span>
      </div>
      <div class="row no-print">
        {may('alerts') && <ActButtons alerts={[alert]} open={open} acknowledged={holds(alert.handling, now)} over={over} />}
        {map && <a class="button" href={map}>{w().map}</a>}
        {alert.device && <a class="button" href={deviceLink(alert.device)}>{w().device}</a>}
        {!over && <a class="button" href={fieldLink(alert.id)} target="_self">{w().field}</a>}
      </div>
      <ActDialog which={dialog} alerts={[alert]} people={[...new Set(people)]} close={() => open(undefined)} />
    </section>
  )
}

/** The cause's own alert, for one that people were not told of apart. */
function useCause(alert: Alert) {
  const wanted = alert.quiet === 'explained' && alert.incident
  return useData(wanted ? 'cause ' + wanted : undefined, async (signal) => {
    const told = await answer(api.GET('/api/v1/alerts', { params: { query: { told: 'true', limit: 1000 } }, signal }))
    return told.items.filter((a) => a.incident === wanted && a.id !== alert.id).sort(worstFirst)[0] ?? null
  })
}

function What({ alert }: { alert: Alert }) {
  const areas = useAreas()
  const cause = useCause(alert).value
  const named = alert.annotations?.['cause'] as Incident['cause'] | undefined
  const [description, next, list] = [textOf(alert, 'description'), textOf(alert, 'next_step'), textOf(alert, 'list')]
  const facts: [string, string | undefined][] = [
    [w().place, placeOf(alert, areas.name)],
    [w().subject, alert.subject],
    [w().rule, ruleTitle(alert.name) + (ruleTitle(alert.name) === alert.name ? '' : ` (${alert.name})`)],
    [w().cause, named && causeText(named)],
    [w().since, alert.since && `${dateTime(alert.since)} (${ago(alert.since)})`],
    [w().fired, alert.fired && dateTime(alert.fired)],
    [w().toldAt, alert.told && alert.told_at ? dateTime(alert.told_at) : w().notTold],
    [w().resolved, alert.resolved && dateTime(alert.resolved)],
  ]
  return (
    <section class="card">
      <h2>{w().what}</h2>
      {cause && (
        <div class="note">
          {w().held} <a href={alertLink(cause.id)}>{titleOf(cause)}</a>
        </div>
      )}
      {description && <p>{description}</p>}
      <dl class="facts">
        {facts.map(([name, value]) =>
          value ? (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ) : null,
        )}
      </dl>
      {next && (
        <div class="note">
          <strong>{w().next}:</strong> {next}
        </div>
      )}
      {list && !description?.includes(list) && <p class="quiet">{w().list}: {list}</p>}
    </section>
  )
}
