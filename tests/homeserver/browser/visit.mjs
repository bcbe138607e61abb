// Reads the library as a person would, in headless Chromium. Prints one line of JSON: what was visited, what is wrong.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const [base, task, browserPath, profile, pictures, number, most] = process.argv.slice(2)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']
const SIZES = { phone: { width: 320, height: 640 }, desktop: { width: 1280, height: 900 } }
const ALL = ['en', 'fr', 'es']
const KINDS = ['', 'practices', `practices/${number}`, 'commitments', 'commitments/1', 'glossary', 'glossary/genocide',
  'calendar', 'calendar/past', 'calendar/1', 'map', 'search?q=genocide', 'search?q=kenya', 'search', 'nothing']
// Each language once by keyboard, and each size. `most`: how many languages are looked at, or pages are followed.
const BY_KEYBOARD = { phone: ['fr', 'en'], desktop: ['es'] }
const FOCUSABLE = 'a[href], button, input, select'
const wrong = []
const visited = new Set()
let where = ''

const context = await chromium.launchPersistentContext(profile, { executablePath: browserPath, args: FLAGS })
context.setDefaultTimeout(60000)
const page = context.pages()[0] ?? await context.newPage()
page.on('request', (one) => { if (!one.url().startsWith(base)) wrong.push(`${where}: asks ${one.url()}`) })
page.on('console', (one) => {
  // The status of a page that is missing on purpose is an error for the console, too.
  if (one.type() === 'error' && !where.endsWith('/nothing')) wrong.push(`${where}: ${one.text()}`)
})
page.on('pageerror', (error) => wrong.push(`${where}: ${error}`))

async function open (path) {
  where = path
  const answer = await page.goto(base + path, { waitUntil: 'load' })
  const expected = path.endsWith('/nothing') ? 404 : 200
  if (answer.status() !== expected) wrong.push(`${path}: ${answer.status()}`)
  visited.add(path)
}

async function narrow () {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  if (over > 0) wrong.push(`${where}: ${over} pixels wider than the screen`)
}

async function accessible () {
  // By the protocol of the debugger, because the policy of the page lets no script run that stands in it.
  await page.evaluate(axe)
  const found = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  }))
  for (const one of found.violations) {
    wrong.push(`${where}: axe ${one.id} (${one.impact}): ${one.nodes.slice(0, 3).map((node) => node.html).join(' | ')}`)
  }
  const headings = await page.$$eval('h1, h2, h3, h4', (some) => some.map((one) => Number(one.tagName[1])))
  if (headings.filter((one) => one === 1).length !== 1) wrong.push(`${where}: not one h1`)
  headings.forEach((level, place) => {
    if (place && level > headings[place - 1] + 1) wrong.push(`${where}: a heading of level ${level} comes too early`)
  })
}

async function byKeyboard () {
  const count = await page.$$eval(FOCUSABLE, (some) => {
    const shown = some.filter((one) => one.getClientRects().length)
    shown.forEach((one, place) => { one.dataset.place = place })
    return shown.length
  })
  const reached = new Set()
  await page.evaluate(() => { document.activeElement?.blur(); window.scrollTo(0, 0) })
  for (let step = 0; step < count + 2; step++) {
    await page.keyboard.press('Tab')
    const now = await page.evaluate(() => {
      const one = document.activeElement
      if (!one?.dataset?.place) return null
      const style = getComputedStyle(one)
      const box = one.getBoundingClientRect()
      return {
        place: one.dataset.place,
        shows: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        seen: box.bottom > 0 && box.top < innerHeight && box.width > 0,
        html: one.outerHTML.slice(0, 80)
      }
    })
    if (!now) continue
    reached.add(now.place)
    if (!now.shows) wrong.push(`${where}: the focus is not visible on ${now.html}`)
    if (!now.seen) wrong.push(`${where}: what has the focus is not on the screen: ${now.html}`)
  }
  if (reached.size !== count) wrong.push(`${where}: the keyboard reaches ${reached.size} of ${count}`)
}

// Each kind of page in each language, in light and dark.
async function look (size) {
  await page.setViewportSize(SIZES[size])
  const order = [...new Set([...BY_KEYBOARD[size], ...ALL])]
  for (const language of order.slice(0, Number(most))) {
    for (const kind of KINDS) {
      await page.emulateMedia({ colorScheme: (kind.length + language.charCodeAt(0)) % 2 ? 'dark' : 'light' })
      await open(`/${language}/${kind}`)
      await narrow()
      await accessible()
      if (BY_KEYBOARD[size].includes(language)) await byKeyboard()
      if (pictures !== '-') {
        const name = `${size}-${language}-${kind.replace(/\W+/g, '_') || 'home'}`
        await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: kind !== 'map' })
      }
    }
  }
}

// Every link that can be followed from the first page, on the narrow screen.
async function crawl () {
  await page.setViewportSize(SIZES.phone)
  const waiting = ALL.map((one) => `/${one}/`)
  const followed = new Set(waiting)
  while (waiting.length && visited.size < Number(most)) {
    await open(waiting.shift())
    await narrow()
    for (const link of await page.$$eval('a[href]', (some) => some.map((one) => one.href))) {
      const next = link.slice(base.length).replace(/#.*/, '')
      if (!link.startsWith(base) || followed.has(next)) continue
      followed.add(next)
      if (/\.(ics|atom)$/.test(next)) {
        const answer = await context.request.get(base + next)
        if (answer.status() !== 200) wrong.push(`${next}: ${answer.status()}`)
        visited.add(next)
      } else waiting.push(next)
    }
  }
}

// A person searches, and changes the language, with nothing but the keyboard.
async function search () {
  await page.setViewportSize(SIZES.desktop)
  await open('/en/')
  await page.focus('#q')
  await page.keyboard.type('rumours')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/en/search?q=rumours')
  const found = await page.$$eval('main h3 a', (some) => some.map((one) => one.textContent))
  await page.focus('nav.tongues a[lang=fr]')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/fr/search?q=rumours')
  return { found, inFrench: await page.textContent('h1') }
}

const more = task === 'crawl' ? await crawl() : task === 'search' ? await search() : await look(task)
await context.close()
console.log(JSON.stringify({ visited: visited.size, wrong, ...more }))
