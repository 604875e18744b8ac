import Foundation
import PageBlocks
import Sandbox
import Testing

/// What `make install` installs, and `make uninstall` takes away.
@Suite struct InstallationTests {
  private func files(below folder: String) -> [String] {
    let found = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return found.filter {
      var isDirectory = ObjCBool(false)
      return unsafe FileManager.default.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isDirectory)
        && !isDirectory.boolValue
    }.sorted()
  }

  @Test func everythingHasItsPlaceAndGoesAgain() async throws {
    try await TemporaryFolder.with { folder in
      let root = folder.path + "/a root"
      let words =
        "PROGRAM=\(Rollcall.program) DASHBOARD=\(DashboardSite.program) PREFIX=/usr DESTDIR='\(root)'"
      try await Repository.make("install \(words)")
      #expect(
        files(below: root) == [
          "etc/rollcall/example.yaml",
          "usr/bin/rollcall",
          "usr/bin/rollcall-dashboard",
          "usr/lib/systemd/system/rollcall-dashboard.service",
          "usr/lib/systemd/system/rollcall-sync@.service",
          "usr/lib/systemd/system/rollcall-sync@.timer",
          "usr/lib/systemd/system/rollcall@.service",
          "usr/lib/sysusers.d/rollcall.conf",
          "usr/share/bash-completion/completions/rollcall",
          "usr/share/doc/rollcall/LICENSE",
          "usr/share/fish/vendor_completions.d/rollcall.fish",
          "usr/share/man/man1/rollcall-dashboard.1",
          "usr/share/man/man1/rollcall.1",
          "usr/share/man/man5/rollcall.yaml.5",
          "usr/share/rollcall/monitoring/rollcall-grafana.json",
          "usr/share/rollcall/monitoring/rollcall.rules.yml",
          "usr/share/rollcall/rollcall.schema.json",
          "usr/share/rollcall/sql/example.sql",
          "usr/share/rollcall/sql/grants.sql",
          "usr/share/rollcall/sql/install.sql",
          "usr/share/rollcall/sql/uninstall.sql",
          "usr/share/zsh/site-functions/_rollcall",
        ])
      let unit = try Readable.text(of: "\(root)/usr/lib/systemd/system/rollcall@.service")
      #expect(unit.contains("\nExecStart=/usr/bin/rollcall run --config /etc/rollcall/%i.yaml\n"))
      #expect(!unit.contains("@BIN@") && !unit.contains("@CONFIGURATION@"))

      let version = try await Rollcall.shell("'\(root)/usr/bin/rollcall' --version; '\(root)/usr/bin/rollcall' --help")
      #expect(version.code == 0, "\(version.words)")
      let symbols = try await Rollcall.shell("nm '\(root)/usr/bin/rollcall'")
      #expect(symbols.words.contains("no symbols"), "it is not stripped")

      // A second installation leaves what has been edited, and so does the removal.
      let example = "\(root)/etc/rollcall/example.yaml"
      try #expect(Readable.text(of: example) == Repository.text(of: "Packaging/example.yaml"))
      try Data("name: mine\n".utf8).write(to: URL(filePath: example))
      try await Repository.make("install \(words)")
      #expect(try Readable.text(of: example) == "name: mine\n")
      try await Repository.make("uninstall \(words)")
      #expect(files(below: root) == ["etc/rollcall/example.yaml"])
      try FileManager.default.removeItem(atPath: example)
      try await Repository.make("install \(words)")
      try await Repository.make("uninstall \(words)")
      #expect(files(below: root) == [])
      #expect(!FileManager.default.fileExists(atPath: "\(root)/etc/rollcall"))
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsKnowTheCommands(_ shell: String) async throws {
    let script = try await Rollcall.run(["--generate-completion-script", shell])
    #expect(script.code == 0)
    for word in ["release", "status", "log-format"] { #expect(script.output.contains(word)) }
    try await TemporaryFolder.with { folder in
      let file = try folder.write(script.output, to: "completions")
      let there = try await Rollcall.shell("! command -v \(shell) >/dev/null || \(shell) -n \(file)")
      #expect(there.code == 0, "\(there.words)")
    }
  }

  @Test("the README's first hour has fewer than ten commands, whose options exist, and Packaging/test-hour types them")
  func theFirstHour() async throws {
    let blocks = try Page.blocks(of: .hour)
    let block = try #require(blocks.count == 1 ? blocks.first : nil)
    #expect(block.page == "README.md")
    let lines = block.text.replacing("\\\n", with: "").split(separator: "\n")
    #expect(lines.count < 10)
    for line in lines {
      guard let start = line.range(of: "rollcall (init|install|check) ", options: .regularExpression) else { continue }
      let words = line[start.lowerBound...].split(separator: " ")
      let help = try await Rollcall.run([String(words[1]), "--help"]).output
      let options = words.prefix { $0 != "#" }.filter { $0.hasPrefix("--") }
      #expect(!options.isEmpty && options.allSatisfy { help.contains($0) }, "\(line)")
    }
    let script = try Repository.text(of: "Packaging/test-hour")
    #expect(script.contains("/^```sh hour$/,/^```$/") && script.contains("$project/README.md"))
    let checked = try await Rollcall.shell("sh -n \(Repository.root)/Packaging/test-hour")
    #expect(checked.code == 0, "\(checked.words)")
  }
}
