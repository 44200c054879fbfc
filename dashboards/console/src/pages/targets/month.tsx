// The two figures of the half-year report: service over a month, and people who used it.
import { answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'
import { number, percent } from '../../format'
import { Loaded, Table } from '../../ui'
import { categoryText } from '../../ui/states'
import { language, words } from '../../words'

const w = words({
  vi: {
    availability: (m: string) => `Thời gian có dịch vụ, tháng ${m}`, category: 'Loại', all: 'Tất cả', share: 'Có dịch vụ', goal: 'Đạt 99 %', floor: 'Dưới 95 %', floorGoal: 'Sàn 95 %, mục tiêu 99 % thời gian (không tính lúc bảo trì).', known: (s: string) => `biết được ${s} thời gian`, none: 'Chưa có số liệu của tháng này cho địa bàn này.',
    users: 'Người dùng theo tháng', month: 'Tháng', people: 'Người dùng', ofPeople: 'So với dân và khách', usersGoal: 'Chỉ tiêu: 50 % người dân và khách. Đếm theo máy, ước lượng không lưu danh tính; khoảng trong ngoặc là 95 %.', noUsers: 'Chưa có số người dùng: điểm phát chưa gửi users_sketch.', unknown: 'chưa có dân số',
  },
  en: {
    availability: (m: string) => `Time with service, ${m}`, category: 'Kind', all: 'All', share: 'With service', goal: 'At 99 %', floor: 'Below 95 %', floorGoal: 'Floor 95 %, goal 99 % of the time (maintenance left out).', known: (s: string) => `${s} of the time is known`, none: 'There is nothing of this month for this area yet.',
    users: 'Users by month', month: 'Month', people: 'Users', ofPeople: 'Of residents and visitors', usersGoal: 'Target: 50 % of residents and visitors. Devices are counted by an estimate that keeps no identity; the range in brackets is that of 95 %.', noUsers: 'No users are counted yet: the access points do not send users_sketch.', unknown: 'population unknown',
  },
})

const monthText = (m: string) => (language.value === 'vi' ? m.split('-').reverse().join('/') : m)

export function Month({ area }: { area: string }) {
  return (
    <>
      <Availability area={area} />
      <Users area={area} />
    </>
  )
}

function Availability({ area }: { area: string }) {
  const data = useData('availability ' + area, (signal) => answer(api.GET('/api/v1/wifi/availability', { params: { query: area ? { area } : {} }, signal })), { every: 300_000 })
  return (
    <Loaded data={data}>
      {(all) => {
        const list = all.filter((a) => a.area === area && a.sites > 0)
        const whole = list.find((a) => a.category === '')
        return (
          <section class="stack" data-testid="availability">
            <h2>{w().availability(whole ? monthText(whole.month) : '')}</h2>
            {list.length === 0 ? (
              <span class="quiet">{w().none}</span>
            ) : (
              <Table
                label={w().share}
                rows={list}
                rowKey={(a) => a.category}
                columns={[
                  { title: w().category, cell: (a) => (a.category ? categoryText(a.category) : w().all) },
                  { title: w().share, number: true, cell: (a) => <Share a={a} /> },
                  { title: w().goal, number: true, cell: (a) => `${number(a.at_goal)} / ${number(a.sites)}` },
                  { title: w().floor, number: true, cell: (a) => number(a.sites - a.at_floor) },
                ]}
              />
            )}
            <span class="quiet">{w().floorGoal} {whole && w().known(percent(whole.known, 1))}</span>
          </section>
        )
      }}
    </Loaded>
  )
}

function Share({ a }: { a: Schemas['Availability'] }) {
  if (a.share === undefined) return <>—</>
  return (
    <span>
      {percent(a.share, 2)}
      <span class={`meter ${a.share < 0.95 ? 'bad' : a.share < 0.99 ? 'warn' : ''}`} style={{ display: 'block' }}><span style={{ width: `${100 * a.share}%` }} /></span>
    </span>
  )
}

function Users({ area }: { area: string }) {
  const data = useData('usage ' + area, (signal) => answer(api.GET('/api/v1/wifi/usage', { params: { query: area ? { area } : {} }, signal })), { every: 300_000 })
  return (
    <section class="stack" data-testid="usage">
      <h2>{w().users}</h2>
      <Loaded data={data}>
        {(list) =>
          list.length === 0 ? (
            <span class="quiet">{w().noUsers}</span>
          ) : (
            <>
              <Table
                label={w().users}
                rows={list}
                rowKey={(u) => u.month}
                columns={[
                  { title: w().month, cell: (u) => monthText(u.month) },
                  { title: w().people, number: true, cell: (u) => <>{number(u.users)}<div class="quiet">({number(u.low)}–{number(u.high)})</div></> },
                  { title: w().ofPeople, number: true, cell: (u) => (u.share === undefined ? w().unknown : <Goal share={u.share} />) },
                ]}
              />
              <span class="quiet">{w().usersGoal}</span>
            </>
          )
        }
      </Loaded>
    </section>
  )
}

const usersGoal = 0.5

function Goal({ share }: { share: number }) {
  return (
    <span>
      {percent(share, 1)}
      <span class="goal" style={{ display: 'block' }}>
        <span class={`meter ${share >= usersGoal ? '' : 'warn'}`} style={{ display: 'block' }}><span style={{ width: `${Math.min(100, 100 * share)}%` }} /></span>
        <i style={{ left: `${100 * usersGoal}%` }} />
      </span>
    </span>
  )
}
