import { Page } from '../../ui'

export default function Maintenance() {
  return <Page title="Maintenance">…</Page>
}
