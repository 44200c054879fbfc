// Announced work: alerts of what is worked on are judged, and nobody is called.
import { useMemo, useState } from 'preact/hooks'
import { Problem, answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { dateTime, duration, number } from '../../format'
import { fromLocal, toLocal } from '../../localtime'
import { may } from '../../session'
import { ActForm, Badge, type Column, Dialog, Empty, Loaded, Page, Table, toast } from '../../ui'
import { mapLink } from '../../ui/maplink'
import { useNow } from '../../ui/now'
import { words } from '../../words'
import { deviceLink } from '../alerts/links'
import { type Areas, useAreas } from '../alerts/useareas'
import { AnnounceDialog, dayText, find } from './form'
import { type Slot, type Window, clockOf, phases } from './windows'

const w = words({
  vi: {
    title: 'Bảo trì', announce: 'Thông báo bảo trì', now: 'Đang diễn ra', next: 'Sắp tới', past: 'Đã qua', none: 'Không có bảo trì nào đang diễn ra hay sắp tới', noneHow: 'Trước khi cắt điện, thay cáp hay tắt thiết bị, hãy thông báo ở đây: hệ thống vẫn theo dõi nhưng không gọi ai.', nonePast: 'Chưa có đợt nào.',
    where: 'Nơi', when: 'Khi nào', owner: 'Người chịu trách nhiệm', reason: 'Lý do', act: 'Việc', end: 'Kết thúc ngay', cancel: 'Hủy đợt này', extend: 'Đổi giờ kết thúc', left: (t: string) => `còn ${t}`, starts: (t: string) => `sau ${t}`, weekly: (days: string, from: string, to: string) => `hằng tuần: ${days}, ${from}–${to}`,
    sureEnd: 'Kết thúc đợt bảo trì này ngay bây giờ?', sureCancel: 'Hủy đợt bảo trì này? Nó sẽ không diễn ra.', effect: 'Từ lúc này, sự cố ở đó lại được báo.', ended: 'Đã kết thúc.', extended: 'Đã đổi giờ kết thúc.', until: 'Đến (giờ Việt Nam)', save: 'Lưu', wrong: 'Hãy chọn thời điểm ở tương lai.', back: 'Quay lại', open: 'đang bảo trì',
    kind: { area: 'Địa bàn', site: 'Điểm', device: 'Thiết bị' },
  },
  en: {
    title: 'Maintenance', announce: 'Announce maintenance', now: 'Now', next: 'Next', past: 'Past', none: 'No work is going on or announced', noneHow: 'Before power is cut, a cable replaced or a device switched off, announce it here: it goes on being judged, and nobody is called.', nonePast: 'There was none yet.',
    where: 'Place', when: 'When', owner: 'Owner', reason: 'Reason', act: 'Actions', end: 'End now', cancel: 'Cancel it', extend: 'Change the end', left: (t: string) => `${t} left`, starts: (t: string) => `in ${t}`, weekly: (days: string, from: string, to: string) => `every week: ${days}, ${from}–${to}`,
    sureEnd: 'End this work now?', sureCancel: 'Cancel this work? It will not take place.', effect: 'From now on people are told again of what fails there.', ended: 'Ended.', extended: 'The end was changed.', until: 'Until (Vietnam)', save: 'Save', wrong: 'Choose a time in the future.', back: 'Back', open: 'in maintenance',
    kind: { area: 'Area', site: 'Site', device: 'Device' },
  },
})

/** More than that nobody looks at; the service keeps them for a year. */
const shownPast = 200

async function load(signal: AbortSignal): Promise<Window[]> {
  const [ahead, over] = await Promise.all([
    answer(api.GET('/api/v1/maintenance', { params: { query: { limit: 1000 } }, signal })),
    answer(api.GET('/api/v1/maintenance', { params: { query: { limit: 1000, over: 'true' } }, signal })),
  ])
  return [...ahead.items, ...over.items]
}

type Asked = { what: 'end' | 'extend'; window: Window } | { what: 'announce' } | undefined

export default function Maintenance() {
  const data = useData('maintenance', load, { on: ['maintenance'], every: 300_000 })
  const names = { areas: useAreas(), sites: useSites() }
  const now = useNow(15_000)
  const [asked, ask] = useState<Asked>()
  const close = () => ask(undefined)
  const announce = may('maintenance') && (
    <button type="button" class="main" data-testid="announce" onClick={() => ask({ what: 'announce' })}>
      {w().announce}
    </button>
  )
  return (
    <Page title={w().title} actions={announce}>
      <Loaded data={data}>
        {(list) => {
          const p = phases(list, now)
          const columns = columnsOf(names, now, may('maintenance') ? ask : undefined)
          return (
            <>
              {p.now.length + p.next.length === 0 && <Empty title={w().none}><span>{w().noneHow}</span></Empty>}
              <Part title={w().now} list={p.now} columns={columns} />
              <Part title={w().next} list={p.next} columns={columns} />
              <details>
                <summary>{w().past} ({number(p.past.length)})</summary>
                {p.past.length === 0 ? <p class="quiet">{w().nonePast}</p> : <Part title={w().past} list={p.past.slice(0, shownPast)} columns={columnsOf(names, now)} />}
              </details>
            </>
          )
        }}
      </Loaded>
      {asked?.what === 'announce' && <AnnounceDialog close={close} done={data.reload} />}
      {asked?.what === 'end' && <EndDialog window={asked.window} now={now} close={close} done={data.reload} />}
      {asked?.what === 'extend' && <ExtendDialog window={asked.window} close={close} done={data.reload} />}
    </Page>
  )
}

interface Names {
  areas: Areas
  /** Names of sites by id. */
  sites: ReadonlyMap<string, string>
}

function useSites(): Names['sites'] {
  const data = useData('sites', (signal) => find('site', '', signal))
  return useMemo(() => new Map((data.value ?? []).map((s) => [s.id, s.name])), [data.value])
}

function Part({ title, list, columns }: { title: string; list: readonly Window[]; columns: Column<Window>[] }) {
  if (list.length === 0) return null
  return (
    <section class="stack">
      <h2>{title}</h2>
      <Table label={title} columns={columns} rows={list} rowKey={(x) => x.id ?? ''} />
    </section>
  )
}

function Place({ window: x, areas, sites }: Names & { window: Window }) {
  if (x.device) return <>{w().kind.device} <a href={deviceLink(x.device)}>{x.device}</a></>
  if (x.site) return <>{w().kind.site} <a href={mapLink({ site: x.site })}>{sites.get(x.site) ?? x.site}</a></>
  return <>{w().kind.area} <a href={mapLink({ area: x.area ?? '' })}>{areas.name(x.area ?? '')}</a></>
}

/** The hours of a recurring window; those of one day stand for all when they are the same. */
function hours(x: Window): string {
  const same = new Map<string, Slot[]>()
  for (const s of x.weekly ?? []) same.set(`${s.from_minute} ${s.minutes}`, [...(same.get(`${s.from_minute} ${s.minutes}`) ?? []), s])
  return [...same.values()].map((s) => w().weekly(s.map((one) => dayText(one.day)).join(', '), clockOf(s[0]!.from_minute), clockOf(s[0]!.from_minute + s[0]!.minutes))).join('; ')
}

function When({ window: x, now }: { window: Window; now: number }) {
  const [from, until] = [Date.parse(x.from), Date.parse(x.until)]
  return (
    <>
      {dateTime(from)} – {dateTime(until)}
      {x.weekly?.length ? <div class="quiet">{hours(x)}</div> : null}
      {until > now && <div class="quiet">{from > now ? w().starts(duration((from - now) / 1000)) : w().left(duration((until - now) / 1000))}</div>}
    </>
  )
}

function columnsOf(names: Names, now: number, ask?: (a: Asked) => void): Column<Window>[] {
  const columns: Column<Window>[] = [
    { title: w().where, cell: (x) => <><Place window={x} {...names} /> {x.open && <Badge tone="info">{w().open}</Badge>}</> },
    { title: w().when, cell: (x) => <When window={x} now={now} /> },
    { title: w().reason, cell: (x) => <span style={{ overflowWrap: 'anywhere' }}>{x.reason}</span> },
    { title: w().owner, cell: (x) => x.owner },
  ]
  if (!ask) return columns
  const buttons = (x: Window) => (
    <div class="row">
      <button type="button" data-testid="extend" onClick={() => ask({ what: 'extend', window: x })}>{w().extend}</button>
      <button type="button" data-testid="end" onClick={() => ask({ what: 'end', window: x })}>{Date.parse(x.from) > now ? w().cancel : w().end}</button>
    </div>
  )
  return [...columns, { title: w().act, cell: buttons }]
}

interface DialogProps {
  window: Window
  close: () => void
  done: () => void
}

const change = (x: Window, action: 'extend' | 'end', body: { until?: string }) => answer(api.POST('/api/v1/maintenance/{id}/{action}', { params: { path: { id: x.id ?? '', action } }, body }))

function EndDialog({ window: x, now, close, done }: DialogProps & { now: number }) {
  const ahead = Date.parse(x.from) > now
  return (
    <Dialog title={ahead ? w().cancel : w().end} close={close}>
      <p>{ahead ? w().sureCancel : w().sureEnd}</p>
      {!ahead && <p class="quiet">{w().effect}</p>}
      <ActForm submit={ahead ? w().cancel : w().end} cancel={close} act={async () => void (await change(x, 'end', {}))} done={() => (toast(w().ended), done(), close())} />
    </Dialog>
  )
}

function ExtendDialog({ window: x, close, done }: DialogProps) {
  const [opened] = useState(Date.now)
  const extend = async (form: FormData) => {
    const until = fromLocal(String(form.get('until')))
    if (!until || until.getTime() <= Date.now()) throw new Problem(422, w().wrong, '')
    await change(x, 'extend', { until: until.toISOString() })
  }
  return (
    <Dialog title={w().extend} close={close}>
      <ActForm submit={w().save} cancel={close} act={extend} done={() => (toast(w().extended), done(), close())}>
        <label>
          {w().until}
          <input type="datetime-local" name="until" required min={toLocal(opened)} defaultValue={toLocal(Date.parse(x.until))} />
        </label>
      </ActForm>
    </Dialog>
  )
}
