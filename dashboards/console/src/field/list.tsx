// My area's open alerts, the worst first.
import { ago, number } from '../format'
import { type Alert, type Group, holds } from '../pages/alerts/book'
import { placeOf, severityText, severityTone, textOf, titleOf } from '../pages/alerts/titles'
import { Badge, Empty, Progress } from '../ui'
import { words } from '../words'
import { area, chooseArea, known, news, now, open, reach, waiting } from './state'
import { Outbound, Status } from './status'
import { alertHash } from './view'

const w = words({
  vi: {
    title: 'Cảnh báo', settings: 'Cài đặt', area: 'Địa bàn', all: 'Tất cả địa bàn của tôi', none: 'Không có cảnh báo nào', noneHow: 'Mọi thứ trong địa bàn đang ổn. Khi có sự cố, nó hiện ngay ở đây.', noneElsewhere: 'Chọn “Tất cả địa bàn của tôi” để xem nơi khác.', unknown: 'Chưa có dữ liệu', unknownHow: 'Cần có mạng trong lần mở đầu tiên.',
    fresh: 'mới', by: (who: string) => `${who} đang xử lý`, waits: 'chờ gửi', more: (n: string) => `và ${n} cảnh báo nữa cùng nguyên nhân`, count: (n: string) => `${n} việc cần xử lý`, news: (n: number) => `${n} cảnh báo mới`,
  },
  en: {
    title: 'Alerts', settings: 'Settings', area: 'Area', all: 'All my areas', none: 'Nothing is wrong', noneHow: 'All is well in the area. What goes wrong appears here at once.', noneElsewhere: 'Choose “All my areas” to see elsewhere.', unknown: 'Nothing is known yet', unknownHow: 'The first time, a network is needed.',
    fresh: 'new', by: (who: string) => `${who} works on it`, waits: 'waiting to be sent', more: (n: string) => `and ${n} more of the same cause`, count: (n: string) => `${n} to be dealt with`, news: (n: number) => `${n} new alerts`,
  },
})

export function List() {
  const list = open.value
  const fresh = [...news.value.keys()].length
  return (
    <main class="page field" id="main" tabIndex={-1}>
      <header>
        <h1>{w().title}</h1>
        <a class="button large" href="#settings">{w().settings}</a>
      </header>
      <Status />
      <Outbound />
      <AreaChoice />
      <p class="visually-hidden" role="status" aria-live="polite">{fresh > 0 && w().news(fresh)}</p>
      {known.value ? (
        <>
          {list.length > 0 && <p class="quiet">{w().count(number(list.length))}</p>}
          {list.length === 0 && (
            <Empty title={w().none}>
              <span>{area.value ? w().noneElsewhere : w().noneHow}</span>
            </Empty>
          )}
          {list.map((g) => <Card key={g.id} group={g} />)}
        </>
      ) : reach.value === 'lost' ? (
        <Empty title={w().unknown}>{w().unknownHow}</Empty>
      ) : (
        <Progress />
      )}
    </main>
  )
}

function AreaChoice() {
  const areas = Object.entries(known.value?.areas ?? {}).sort((a, b) => a[1].name.localeCompare(b[1].name, 'vi'))
  if (areas.length < 2) return null
  return (
    <label>
      {w().area}
      <select class="large" value={area.value} onChange={(e) => chooseArea(e.currentTarget.value)}>
        <option value="">{w().all}</option>
        {areas.map(([code, a]) => (
          <option key={code} value={code}>
            {a.name}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The name of an area's code. */
export const areaName = (code: string): string => known.value?.areas[code]?.name ?? code

/** What somebody does about it, sent or not. */
export function Hands({ alert }: { alert: Alert }) {
  const h = alert.handling
  return (
    <>
      {h && holds(h, now.value) && <Badge tone="good">{w().by(h.acknowledged_by ?? '')}</Badge>}
      {waiting.value.some((e) => e.alert === alert.id && e.refused === undefined) && <Badge tone="warning">{w().waits}</Badge>}
    </>
  )
}

function Card({ group: { head, alerts } }: { group: Group }) {
  const next = textOf(head, 'next_step')
  const fresh = now.value - (news.value.get(head.id) ?? 0) < 120_000
  return (
    <a class={`card tap ${head.severity}`} href={alertHash(head.id)} data-testid="alert" data-alert={head.id}>
      <span class="row">
        <Badge tone={severityTone(head.severity)}>{severityText(head.severity)}</Badge>
        {fresh && <Badge tone="info">{w().fresh}</Badge>}
        <Hands alert={head} />
        <span class="quiet end">{head.since && ago(head.since, now.value)}</span>
      </span>
      <strong class="what">{titleOf(head)}</strong>
      <span class="quiet">{placeOf(head, areaName)}</span>
      {alerts.length > 1 && <span class="quiet">{w().more(number(alerts.length - 1))}</span>}
      {next && <span>→ {next}</span>}
    </a>
  )
}
