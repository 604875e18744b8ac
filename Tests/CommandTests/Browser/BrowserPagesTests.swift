import Sandbox
import Testing

/// Every page on a telephone and by keyboard, with values as long as HR types them.
@Suite struct BrowserPagesTests {
  private static let pictures = Repository.root + "/.build/pages/browser"
  private static let long = String(repeating: "Wolfeschlegelsteinhausenbergerdorff", count: 5)

  @Test func everyPage() async throws {
    var settings = SiteSettings()
    settings.schema =
      "CREATE TABLE users (id text PRIMARY KEY, username varchar, email varchar, full_name varchar, status varchar)"
    settings.more = "removals: { most: 10%, least: 1 }\nsweep: { every: 1s }"
    let site = try await House.shared.site(settings)
    try await site.install()
    let viewer = try await site.viewer(acting: true)
    try await site.sql(
      """
      INSERT INTO users SELECT n || '-\(Self.long)', 'u' || n || '\(Self.long)', n || '@example.com', '\(Self.long)', 'active'
      FROM generate_series(1, 8) n;
      INSERT INTO users VALUES ('p-\(Self.long)', NULL, '\(Self.long)', '\(Self.long)', 'active')
      """)
    try await site.withDaemon { _ in
      try await soon("eight are there") { try await site.names().count == 8 }
      try await soon("one is parked") { try await site.status().parked.count == 1 }
      try await site.sql("DELETE FROM users WHERE id ~ '^[5678]'")
      try await soon("four are held") { try await site.status().held.count == 4 }
      try await site.succeed("pin", "1-\(Self.long)", "--because", Self.long)
      try await site.sql(
        """
        INSERT INTO rollcall.directory (name, state, reason) VALUES ('second-\(Self.long.prefix(50))', 'paused', '\(Self.long)');
        INSERT INTO rollcall.parked (directory, key, reason, message)
        SELECT 'second-\(Self.long.prefix(50))', n || '\(Self.long)', 'schema', '\(Self.long)' FROM generate_series(1, 30) n;
        INSERT INTO rollcall.problem (directory, code, message, fix)
        VALUES ('\(site.name)', 'capture', '\(Self.long)', '\(Self.long)')
        """)
      let dashboard = try await DashboardSite.start(of: site, viewer: viewer, ["--actions"])
      let browser = try await Browser.start(in: site.folder)
      do {
        try await look(browser, dashboard, site)
        try await browser.quit()
      } catch {
        try? await browser.picture(to: "\(Self.pictures)/pages-failure.png")
        try? await browser.quit()
        throw error
      }
      await dashboard.process.stop()
    }
  }

  private func look(_ browser: Browser, _ dashboard: DashboardSite, _ site: Site) async throws {
    let root = "http://\(dashboard.host)"
    try await browser.open("\(root)/login")
    try await expectUsable(browser, "login")
    try await browser.open("\(root)/login")
    try await browser.type(dashboard.token, into: "input[name=token]")
    try await browser.press(.enter)
    try await soon("the first page") { try await browser.path() == "/" }
    let here = "directory=\(site.name)"
    let pages = [
      "now-two": "/", "now": "/?\(here)", "waiting-two": "/waiting", "waiting-one": "/waiting?\(here)",
      "lookup": "/people", "person": "/people/1-\(Self.long)?\(here)",
      "parked": "/people/p-\(Self.long)?\(here)",
      "held": "/people/5-\(Self.long)?\(here)", "none": "/people?find=uid%3D\(Self.long)",
      "history": "/history?\(here)", "complaint": "/history?xid=\(Self.long)", "health": "/health?\(here)",
      "missing": "/\(Self.long)",
    ]
    for (name, path) in pages.sorted(by: { $0.key < $1.key }) {
      try await browser.open(root + path)
      #expect(try await !browser.path().hasPrefix("/login"), "\(name)")
      try await expectUsable(browser, name)
    }
  }

  private func expectUsable(_ browser: Browser, _ name: String) async throws {
    let (missed, faint) = try await browser.deafToTab()
    #expect(missed.isEmpty, "\(name): the Tab key does not reach \(missed)")
    #expect(faint.isEmpty, "\(name): nothing shows the focus of \(faint)")
    let (isWider, widest) = try await browser.overflow(atWidth: 360)
    #expect(!isWider, "\(name): \(widest)")
    if isWider { try await browser.picture(to: "\(Self.pictures)/wide-\(name).png", width: 360) }
  }
}
