import Sandbox
import Testing

/// The version is told alike everywhere.
@Suite struct VersionTests {
  private func number() async throws -> String {
    let ran = try await Rollcall.run(["--version"])
    let match = try #/(\d+\.\d+\.\d+(-dev)?) \(commit ([0-9a-f]{12}(-dirty)?|unknown)\)\n/#.wholeMatch(in: ran.output)
    return String(try #require(match, "\(ran.words)").1)
  }

  @Test func theProgramTheMakefileAndTheChangelogAgree() async throws {
    let number = try await number()
    #expect(try await Repository.make("version") == number + "\n")
    let heading = number.hasSuffix("-dev") ? "[Unreleased]" : "[\(number)]"
    let changelog = try Repository.text(of: "CHANGELOG.md")
    #expect(changelog.split(separator: "\n").first { $0.hasPrefix("## ") }?.hasPrefix("## \(heading)") == true)
  }

  @Test func theCommitIsLinkedIn() async throws {
    try await TemporaryFolder.with { folder in
      let copy = folder.path + "/clone"
      let setUp = "mkdir -p \(copy)/Packaging && cp \(Repository.root)/Packaging/commit \(copy)/Packaging && cd \(copy)"
      let script = "sh Packaging/commit"
      // Sources from an archive.
      let bare = try await Rollcall.shell("\(setUp) && \(script)")
      #expect(bare.code == 0 && bare.words.isEmpty, "\(bare.words)")
      let git = "git -c user.name=x -c user.email=x@example.com"
      let clone = try await Rollcall.shell(
        "cd \(copy) && echo .build/ >.gitignore && git init -q && git add . && \(git) commit -qm x && git rev-parse HEAD"
          + " && \(script) && \(script)")
      #expect(clone.code == 0, "\(clone.words)")
      let lines = clone.output.split(separator: "\n")
      try #require(lines.count == 3 && lines[1] == lines[2], "\(clone.words)")
      let object = ".build/commit-\(lines[0].prefix(12)).o"
      #expect(lines[1] == "-Xlinker \(object) -Xlinker --export-dynamic-symbol=rollcall_commit")
      #expect(try Readable.text(of: "\(copy)/\(object)").contains("\(lines[0].prefix(12))\0"))
      let changed = try await Rollcall.shell("cd \(copy) && echo x >>Packaging/commit && git status -s && \(script)")
      #expect(changed.output.contains("-dirty.o"), "\(changed.words)")
    }
  }
}
