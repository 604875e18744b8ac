import Foundation
import PageBlocks
import Sandbox
import Testing

/// The blocks of the set `run` do what the pages say, in their order: SQL goes to the database, YAML is the configuration from then
/// on, and shell is typed beside it. A section begins with a database that has the table of `sql/example.sql` and three people, and
/// with an empty directory; where it shows no configuration first, it begins with one that is in step. Shell that begins with `$` is
/// a transcript, whose output is compared.
@Suite(.serialized) struct RunnablePagesTests {
  private static let pages: [String] = (try? Set(Page.blocks(of: .run).map(\.page)).sorted()) ?? []

  @Test(arguments: pages)
  func everySectionWorks(_ path: String) async throws {
    let servers = try await PageServers.shared
    let blocks = try Page.blocks(of: .run).filter { $0.page == path }
    var sections: [String] = []
    for block in blocks where sections.last != block.section { sections.append(block.section) }
    for section in sections {
      try await servers.run(blocks.filter { $0.section == section })
    }
  }
}

/// One PostgreSQL and one slapd for all blocks.
private actor PageServers {
  private static let start = Task { try await PageServers() }
  static var shared: PageServers { get async throws { try await start.value } }

  /// The configuration that a page starts from where it shows none.
  private static let configuration = """
    source: { connection: "user=rollcall", table: public.users, key: id, active: "status = 'active'" }
    directory: { url: "${LDAP_URL}", bind: { dn: "cn=rollcall,dc=example,dc=com", password: "${LDAP_PASSWORD}" } }
    users:
      base: ou=users,dc=example,dc=com
      attributes: { uid: username, cn: full_name, sn: "split_part(trim(full_name), ' ', -1)", mail: email }

    """

  private static let people = """
    INSERT INTO users VALUES (1, 'ada', 'ada@example.com', 'Ada Lovelace', 'active', now()),
      (2, 'grace', 'grace@example.com', 'Grace Hopper', 'active', now()),
      (3, 'bob', 'bob@example.com', 'Bob Kahn', 'left', now())
    """

  private let folder: TemporaryFolder
  private let postgres: PostgresServer
  private let directory: DirectoryServer
  private var count = 0

  private init() async throws {
    folder = try TemporaryFolder()
    postgres = try await PostgresServer.start(in: folder, durable: false)
    var options = OpenLDAPOptions()
    options.durable = false
    options.ppolicy = true
    options.globalLines = try Page.blocks(of: .schema).flatMap { Self.schemaLines($0.text) }
    directory = try await DirectoryServer.start(in: folder, options: options)
    try await postgres.psql("CREATE ROLE rollcall LOGIN; CREATE ROLE rollcall_reader LOGIN")
  }

  /// What LDIF loads into `cn=schema,cn=config`, as lines of slapd.conf.
  private static func schemaLines(_ ldif: String) -> [String] {
    ldif.replacing("\n ", with: "").split(separator: "\n").compactMap { line in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[colon...].dropFirst()
      return switch line[..<colon] {
      case "olcAttributeTypes": "attributetype\(value)"
      case "olcObjectClasses": "objectclass\(value)"
      default: nil
      }
    }
  }

  /// Runs one section's blocks.
  func run(_ blocks: [Block]) async throws {
    count += 1
    let work = "\(folder.path)/page\(count)"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(atPath: "\(work)/rollcall", withDestinationPath: Rollcall.program)
    try FileManager.default.createSymbolicLink(atPath: "\(work)/sql", withDestinationPath: "\(Page.root)/sql")
    try await emptyDirectory()
    try await postgres.psql("CREATE DATABASE page\(count)")
    try await postgres.psql(try Page("sql/example.sql").text, database: "page\(count)")
    try await postgres.psql(Self.people, database: "page\(count)")
    let configures = blocks.first { $0.language == "yaml" || $0.language == "sh" }?.language == "yaml"
    if !configures { try await configure(Self.configuration, work, "before \(blocks[0].place)") }
    for block in blocks {
      switch block.language {
      case "sql":
        let file = try folder.write(block.text, to: "page\(count)/block.sql")
        try await shell("psql -qX -v ON_ERROR_STOP=1 -f \(file)", work, block.place)
      case "yaml": try await configure(block.text, work, block.place)
      case "sh" where block.text.hasPrefix("$ "): try await transcript(block, work)
      case "sh": try await shell(block.text, work, block.place)
      default: Issue.record("\(block.place): \(block.language) is not run")
      }
    }
    try await shell("rollcall sync && rollcall plan", work, "the end of \"\(blocks[0].section)\" in \(blocks[0].page)")
  }

  private func configure(_ yaml: String, _ work: String, _ place: String) async throws {
    _ = try folder.write(yaml, to: "page\(count)/rollcall.yaml")
    try await shell("rollcall install --connection user=postgres && rollcall check && rollcall sync", work, place)
  }

  /// Types what stands behind each `$` and compares what is printed with the lines below it, times and numbers of
  /// transactions aside.
  private func transcript(_ block: Block, _ work: String) async throws {
    for typed in ("\n" + block.text).split(separator: "\n$ ") {
      let command = typed.prefix { $0 != "\n" }
      let expected = Self.withoutTimes(String(typed.dropFirst(command.count + 1)))
      let printed = Self.withoutTimes(try await type(String(command), work).words)
      #expect(printed == expected, "\(block.place): $ \(command)")
    }
  }

  /// Without what is another one each time, and without line breaks around it. Whether a settled change is still in the log
  /// depends on what else the cluster does.
  private static func withoutTimes(_ text: String) -> String {
    text.replacing(#/\d{4}-\d\d-\d\dT[\d:.]+Z/#, with: "TIME").replacing(#/transaction \d+/#, with: "transaction N")
      // Whoever is first, the notification or the look, is named.
      .replacing(#/(notification|sweep), transaction N/#, with: "CAUSE, transaction N")
      .replacing(#/TIME  \d+ +/#, with: "TIME  ID  ").replacing(#/[\d.]+ ms after/#, with: "N ms after")
      .replacing("last logged change TIME, transaction N", with: "its change")
      .replacing("the change log has no change to it (settled changes are deleted)", with: "its change")
      .trimmingCharacters(in: .newlines)
  }

  private func shell(_ text: String, _ work: String, _ place: String) async throws {
    let ran = try await type(text, work)
    try #require(ran.code == 0, "\(place): exit \(ran.code ?? -1): \(ran.words)")
  }

  private func type(_ text: String, _ work: String) async throws -> Ran {
    let script = try folder.write(
      """
      cd \(work)
      export PATH=\(work):$PATH PGHOST=127.0.0.1 PGPORT=\(postgres.port) PGDATABASE=page\(count) PGUSER=postgres
      export LDAP_URL=\(directory.url) LDAP_PASSWORD=\(directory.accountPassword)
      set -e
      \(text)
      """, to: "page\(count)/script")
    return try await Rollcall.shell("exec bash \(script)")
  }

  private func emptyDirectory() async throws {
    let file = try folder.write(directory.adminPassword, to: "page\(count)/admin")
    for base in [directory.usersBase, directory.groupsBase] {
      let ran = try await Rollcall.shell(
        "ldapsearch -LLL -o ldif-wrap=no -x -H \(directory.url) -D '\(directory.adminDN)' -y \(file) -b '\(base)' -s one 1.1"
          + " | sed -n 's/^dn: //p' | ldapdelete -r -x -H \(directory.url) -D '\(directory.adminDN)' -y \(file)")
      try #require(ran.code == 0, "\(ran.words)")
    }
  }
}
