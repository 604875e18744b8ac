import Foundation
import Sandbox
import Testing

/// An administrator's visit in a real browser: one server, one session, one story.
@Suite struct BrowserTests {
  private static let pictures = Repository.root + "/.build/pages/browser"

  @Test func aVisit() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 10%, least: 25 }\nsweep: { every: 1s }"
    let site = try await House.shared.site(settings)
    try await site.install()
    let viewer = try await site.viewer(acting: true)
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u' || n || '@example.com', 'Full <b>U' || n || '</b>', 'active'
      FROM generate_series(1, 60) n
      """)
    try await site.withDaemon { _ in
      try await soon("sixty are there") { try await site.names().count == 60 }
      try await site.sql("UPDATE users SET email = 'new@example.com' WHERE id = 7")
      try await soon("it is written") { try await site.values("mail", of: "7") == ["new@example.com"] }
      try await site.sql("DELETE FROM users WHERE id > 30")
      try await soon("thirty are held") { try await site.status().held.count == 30 }
      try await soon("what was counted is stored") {
        try await site.sql("SELECT coalesce(sum(writes), 0) >= 61 FROM rollcall.minute") == "t"
      }
      let dashboard = try await DashboardSite.start(of: site, viewer: viewer, ["--actions"])
      let browser = try await Browser.start(in: site.folder)
      do {
        try await visit(browser, dashboard, site)
        try await browser.quit()
      } catch {
        try? await browser.picture(to: "\(Self.pictures)/failure.png")
        try? await browser.quit()
        throw error
      }
      #expect(await dashboard.process.stop() == .exited(0))
    }
  }

  private func visit(_ browser: Browser, _ dashboard: DashboardSite, _ site: Site) async throws {
    try await browser.open("http://\(dashboard.host)/waiting")
    try await logIn(browser, dashboard)
    try await decideAlone(browser, site)
    try await approve(browser, site)
    try await lookAround(browser)
    try await undo(browser, site)
    try await pin(browser, site)
    #expect(try await browser.console() == [])
  }

  private func logIn(_ browser: Browser, _ dashboard: DashboardSite) async throws {
    try await soon("the login is asked for") { try await browser.path().hasPrefix("/login") }
    try await browser.picture(to: "\(Self.pictures)/login.png")
    try await browser.type(dashboard.token, into: "input[name=token]")
    try await browser.click("button.main")
    try await soon("the page that was asked for") { try await browser.path() == "/waiting" }
    #expect(try await browser.title().hasPrefix("30 held · "))
  }

  /// One of those that are held is approved, another one pinned, where they stand. Nobody is approved by accident.
  private func decideAlone(_ browser: Browser, _ site: Site) async throws {
    #expect(try await browser.count(".box tbody tr .buttons") == 30)
    try await browser.click(".box button[formaction='/waiting/release'][value='31']")
    #expect(try await browser.script("return document.querySelector('.each').checkValidity()") == "false")
    try await browser.type("a mistake", into: ".each input[name=because]")
    try await browser.press(.enter)
    #expect(try await browser.path() == "/waiting")
    #expect(try await browser.count(".notice") == 0, "Enter in the field decides nothing")
    try await browser.click(".box button[formaction='/people/pin'][value='32']")
    try await soon("it says that she is pinned") { try await browser.count(".notice.done") == 1 }
    #expect(try await browser.path().hasPrefix("/waiting"))
    #expect(try await site.sql("SELECT key, because FROM rollcall.pinned") == "32|a mistake")
    #expect(try await browser.text("#pins tbody").contains("a mistake"))
    try await browser.type("has left", into: ".each input[name=because]")
    try await browser.click(".box button[formaction='/waiting/release'][value='31']")
    try await soon("he is deleted") { try await site.names().count == 59 }
    #expect(
      try await site.sql("SELECT key, because FROM rollcall.journal WHERE action = 'release'") == "31|has left")
    // A pin leaves the hold as it is.
    try await soon("29 are held") { try await site.status().held.count == 29 }
    try await browser.open("http://\(try await browser.script("return location.host"))/waiting")
  }

  /// Another number approves nothing; the right one approves exactly these, by keyboard alone.
  private func approve(_ browser: Browser, _ site: Site) async throws {
    try await browser.picture(to: "\(Self.pictures)/waiting.png")
    try await browser.picture(to: "\(Self.pictures)/waiting-360-dark.png", width: 360, isDark: true)
    #expect(try await browser.text(".box .danger") == "Approve these 29 deletions")
    try await browser.type("30", into: "input[name=count]")
    try await browser.press(.enter)
    #expect(try await browser.script("return document.querySelector('input[name=count]').validity.valid") == "false")
    #expect(try await site.names().count == 59)
    _ = try await browser.script("document.querySelector('input[name=count]').value = ''")
    try await browser.type("29", into: "input[name=count]")
    try await browser.press(.tab)
    try await browser.type("they have left", into: "form[data-confirm] input:focus")
    try await browser.press(.enter)
    try await soon("it says that it was done") { try await browser.count(".notice.done") == 1 }
    #expect(try await browser.count(".box .danger") == 0)
    try await browser.picture(to: "\(Self.pictures)/approved.png")
    try await soon("they are deleted") { try await site.names().count == 31 }
    try await browser.click("#pins form button")
    try await soon("she is not pinned, and deleted") { try await site.names().count == 30 }
  }

  /// The chart of the lag, with its lines; and the page keeps itself up to date without losing the reader's place.
  private func lookAround(_ browser: Browser) async throws {
    try await browser.click("nav a[href^='/']:first-child")
    try await soon("the chart is there") { try await browser.count("svg .column") > 0 }
    #expect(try await browser.count("svg .line") == 2)
    #expect(try await browser.text("svg .label").hasPrefix("p50 "))
    try await browser.picture(to: "\(Self.pictures)/now.png")
    try await browser.picture(to: "\(Self.pictures)/now-dark.png", isDark: true)
    try await browser.picture(to: "\(Self.pictures)/now-360.png", width: 360)
    try await browser.click("#lag-numbers > summary")
    _ = try await browser.script("document.querySelector('main').firstElementChild.dataset.old = 'yes'")
    try await soon("the page has looked for what is new") { try await browser.count("[data-old]") == 0 }
    #expect(try await browser.script("return document.getElementById('lag-numbers').open") == "true")
    #expect(
      try await browser.script("return document.activeElement.parentElement.id") == "lag-numbers", "the focus stays")
  }

  /// What was written is taken back with the very command that the timeline shows.
  private func undo(_ browser: Browser, _ site: Site) async throws {
    try await browser.click("nav a[href^='/people']")
    try await browser.type("7", into: "input[name=find]")
    try await browser.press(.enter)
    try await soon("the person") { try await browser.path().hasPrefix("/people/7") }
    try await browser.click("#timeline details > summary")
    try await browser.click("#timeline .undo > summary")
    #expect(try await browser.text("#timeline details[open] .diff").contains("new@example.com"))
    let command = try await browser.script(
      "return document.querySelectorAll('#timeline details[open] .undo .command')[1].textContent")
    #expect(try #/rollcall undo \d+ --apply --because 'why'/#.wholeMatch(in: command) != nil, "\(command)")
    let ran = try await site.shell(command)
    #expect(ran.code == 0, "\(ran.words)")
    #expect(try await site.values("mail", of: "7") == ["u7@example.com"])
    try await browser.open(try await browser.script("return location.href"))
    #expect(try await browser.text("#actions").contains("until its row changes: why"))
    #expect(try await browser.text(".diff .warn") == "differs")
    try await browser.click("#timeline details:has(.diff) > summary")
    #expect(try await browser.text("#timeline details[open] .diff").contains("u7@example.com"))
    try await browser.picture(to: "\(Self.pictures)/undone.png")
    try await browser.click("form[action='/people/unpin'] button")
    try await soon("the row counts again") { try await site.values("mail", of: "7") == ["new@example.com"] }
  }

  private func pin(_ browser: Browser, _ site: Site) async throws {
    try await browser.click("nav a[href^='/people']")
    try await browser.type("7", into: "input[name=find]")
    try await browser.click("form[role=search] button")
    try await soon("the person") { try await browser.path().hasPrefix("/people/7") }
    #expect(try await browser.text("h1") == "Full <b>U7</b>")
    #expect(try await browser.count("ol.steps > li") == 8)
    #expect(try await browser.count(".diff .warn") == 0, "the sides are the same, but for what the server adds")
    try await browser.picture(to: "\(Self.pictures)/person.png")
    try await browser.click("#pin > summary")
    try await browser.type("on leave <i>until</i> May", into: "#pin input[name=because]")
    try await browser.click("#pin button.main")
    try await soon("it says that she is pinned") { try await browser.count(".notice.done") == 1 }
    #expect(try await site.sql("SELECT because FROM rollcall.pinned WHERE key = '7'") == "on leave <i>until</i> May")
    #expect(try await browser.text("#actions").contains("on leave <i>until</i> May"))
    try await browser.picture(to: "\(Self.pictures)/pinned.png")
  }
}
