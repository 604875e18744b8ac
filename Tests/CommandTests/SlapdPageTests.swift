import PageBlocks
import Sandbox
import Testing

/// What the page `Servers` says to do with a slapd as Debian configures it.
@Suite struct SlapdPageTests {
  @Test("the page's LDIF, in its order, makes a slapd as Debian configures it fit for Rollcall")
  func asPasted() async throws {
    var settings = SiteSettings()
    settings.users = settings.users.replacing("  disable: { employeeType: disabled }\n", with: "")
    let site = try await House.shared.site(settings)
    try await site.install()
    var options = OpenLDAPOptions()
    options.durable = false
    options.indexes = ["objectClass", "uid"]
    options.sizeLimit = 500
    options.globalLines = ["database config", "rootdn cn=config", "rootpw config", "access to * by * read"]
    let (own, server) = try await site.onOwnServer(options)
    let users = try own.with("base: \(own.base)", "base: \(server.usersBase)")
    let admin = "-x -H \(server.url) -D \(server.adminDN) -w \(server.adminPassword)"
    let change = { (ldif: String) in
      let file = try site.folder.write(ldif, to: "\(site.name).ldif")
      let who = ldif.contains("cn=config") ? "-x -H \(server.url) -D cn=config -w config" : admin
      let ran = try await Rollcall.shell("ldapmodify -a \(who) -f \(file)")
      #expect(ran.code == 0, "\(ldif): \(ran.words)")
    }
    // As the package slapd leaves it: nobody's entries, and its own rules.
    let emptied = try await Rollcall.shell("ldapdelete -r \(admin) \(server.usersBase) \(server.accountDN)")
    #expect(emptied.code == 0, "\(emptied.words)")
    try await change(
      "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nreplace: olcAccess\n"
        + "olcAccess: to attrs=userPassword by self write by anonymous auth by * none\nolcAccess: to * by * read\n")
    let blocks = try Page.blocks(of: .slapd).filter { $0.language == "ldif" }.map(\.text)
    try #require(blocks.count == 3)
    try await change(blocks[0].replacing("change-me", with: server.accountPassword))
    let before = try await users.rollcall("check").output.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    #expect(before.count == 3, "\(before)")
    try await change(blocks[1])
    let without = try await users.rollcall("check").output
    #expect(without.contains("users.link: employeeNumber has an equality index"))
    #expect(without.contains("this account may add entries here"))
    #expect(without.contains("this account may see any number of entries in a search"))
    #expect(without.split(separator: "\n").filter { $0.hasPrefix("error: ") }.map { $0.contains("ppolicy") } == [true])
    // The module and the overlay are the configuration's, the policy is the directory's.
    for part in blocks[2].split(separator: "\n\n") { try await change(part + "\n") }
    #expect(try await users.succeed("check").output.contains("the overlay ppolicy is there"))
    try await site.hire(["ada", "bob"])
    try await site.sql("UPDATE users SET status = 'left' WHERE id = 2")
    try await users.succeed("sync")
    let locked = try await server.search(
      base: server.usersBase, filter: "(pwdAccountLockedTime=*)", attributes: ["pwdAccountLockedTime"])
    #expect(locked.contains("uid=bob,") && !locked.contains("uid=ada,"))
    #expect(locked.contains("pwdAccountLockedTime: 000001010000Z"))
    // One attribute that is forgotten is named, once.
    try await change(
      "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nadd: olcAccess\n"
        + "olcAccess: {0}to dn.children=\"\(server.usersBase)\" attrs=mail by * read\n")
    try await site.sql("UPDATE users SET email = 'new@x' WHERE id = 1")
    let parked = try await users.rollcall("sync").errors.split(separator: "\n").filter { $0.contains(" parked key=1 ") }
    let words = "key 1: update of uid=ada,\(server.usersBase) (mail): insufficientAccessRights (50)\""
    #expect(parked.count == 1 && parked.first?.hasSuffix(words) == true, "\(parked)")
    await server.stop()
  }

  @Test("the lines for slapd.conf are those of the tests' own slapd")
  func slapdConf() throws {
    let block = try #require(Page.blocks(of: .slapd).first { $0.language == "slapd.conf" })
    let source = try Page("Sources/Sandbox/OpenLDAPConfiguration.swift").text
    #expect(block.text.split(separator: "\n").count == 4)
    for line in block.text.split(separator: "\n") where line.hasPrefix("access") {
      let pattern = line.replacing("ou=users,dc=example,dc=com", with: "\\(unit)").replacing("\"", with: "\\\"")
        .replacing("by dn.exact=\\\"cn=rollcall,dc=example,dc=com\\\" write", with: "\\(write)")
      #expect(source.contains("\"\(pattern)\""), "\(pattern)")
    }
  }
}
