import { Page } from '../../ui'

export default function Survey() {
  return <Page title="Survey">…</Page>
}
