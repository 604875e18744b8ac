import Foundation
import Testing

/// rollcall(1) says what `--help` says: these commands, these options, these exit codes, and no others.
@Suite struct ManualTests {
  private struct Dump: Decodable {
    struct Name: Decodable { var name: String }

    struct Argument: Decodable {
      var kind: String
      var names: [Name]?
    }

    struct Command: Decodable {
      var commandName: String
      var discussion: String?
      var arguments: [Argument]?
      var subcommands: [Command]?

      var options: Set<String> { Set((arguments ?? []).flatMap { $0.names ?? [] }.map(\.name)) }
      var takesWords: Bool { (arguments ?? []).contains { $0.kind == "positional" } }
    }

    var command: Command
  }

  private func commands() async throws -> [Dump.Command] {
    let ran = try await Rollcall.run(["--experimental-dump-help"])
    let all = try JSONDecoder().decode(Dump.self, from: Data(ran.output.utf8)).command.subcommands ?? []
    return all.filter { $0.commandName != "help" }
  }

  /// The numbers that a sentence about exit codes names.
  private func codes(_ text: Substring?) -> Set<String> {
    Set((text ?? "").matches(of: #/\b\d+\b/#).map { String($0.output) })
  }

  @Test func theCommandsAreThoseOfTheProgram() async throws {
    let page = try ManualPage("rollcall.1")
    let commands = try await commands()
    #expect(commands.map(\.commandName).sorted() == page.parts(of: "COMMANDS").map(\.title).sorted())
    #expect(commands.count > 5)
  }

  @Test func theOptionsAndExitCodesAreThoseOfTheProgram() async throws {
    let page = try ManualPage("rollcall.1")
    let common = Set(page.items("Fl", in: try page.section("DESCRIPTION")))
    #expect(common == ["config", "log-format", "log-level", "version", "h", "help"])
    for command in try await commands() {
      let part = try #require(page.parts(of: "COMMANDS").first { $0.title == command.commandName })
      let own = command.options.subtracting(common)
      #expect(Set(page.items("Fl", in: part.text)) == own, "\(command.commandName)")
      // And in the synopsis and the sentences.
      let named = Set(part.text.matches(of: #/Fl -([a-z][a-z-]*)/#).map { String($0.output.1) })
      #expect(named.subtracting(common) == own, "\(command.commandName)")
      let takesWords = part.text.contains(#/\n\.(Op )?Ar (key|name|id|argument)\b/#)
      #expect(takesWords == command.takesWords, "\(command.commandName)")
      let help = (command.discussion ?? "").split(separator: "Exit codes:").last
      let told = codes(part.text.split(separator: "Exit status:").last)
      #expect(told == codes(help) && !told.isEmpty, "\(command.commandName)")
    }
  }

  @Test func theKeysAreThoseOfTheConfiguration() async throws {
    let page = try ManualPage("rollcall.yaml.5")
    let keys = try await ConfigurationKeys.find()
    let described = page.items("Ic", in: page.text)
    #expect(Set(described).count == described.count)
    #expect(Set(described) == keys.paths)
  }

  @Test(arguments: ["rollcall.1", "rollcall.yaml.5"])
  func thePageIsWellFormed(_ name: String) async throws {
    let path = "\(Repository.root)/Packaging/man/\(name)"
    let lint = try await Rollcall.shell("! command -v mandoc >/dev/null || mandoc -T lint -W error \(path)")
    #expect(lint.code == 0, "\(lint.words)")
  }
}

/// The source of a page in mdoc(7).
struct ManualPage {
  let text: Substring

  init(_ name: String) throws { text = try Repository.text(of: "Packaging/man/\(name)")[...] }

  func section(_ title: String) throws -> Substring {
    try #require(Self.pieces(text, ".Sh").first { $0.title == title }).text
  }

  /// The subsections of a section.
  func parts(of title: String) -> [(title: String, text: Substring)] {
    Self.pieces(text, ".Sh").first { $0.title == title }.map { Self.pieces($0.text, ".Ss") } ?? []
  }

  /// The words that a list's tags describe, such as the names of options behind `.It Fl`.
  func items(_ macro: String, in text: Substring) -> [String] {
    text.split(separator: "\n").filter { $0.hasPrefix(".It \(macro) ") }.flatMap { line in
      var words: [String] = []
      for word in line.split(separator: " ").dropFirst(2) where word != "," {
        if word == "Ar" { break }
        words.append(String(word.trimmingPrefix("-")))
      }
      return words
    }
  }

  private static func pieces(_ text: Substring, _ macro: String) -> [(title: String, text: Substring)] {
    text.split(separator: "\n\(macro) ", omittingEmptySubsequences: false).dropFirst().map { piece in
      let title = piece.prefix { $0 != "\n" }
      return (String(title), piece.dropFirst(title.count))
    }
  }
}
