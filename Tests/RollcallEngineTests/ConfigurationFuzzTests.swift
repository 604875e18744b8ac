import RollcallEngine
import Testing
import YAML

@testable import RollcallConfiguration

/// Whatever is done to a file, reading it ends, with a configuration or with errors that have a place.
@Suite struct ConfigurationFuzzTests {
  /// SplitMix64: the same mutations in every run.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  private static let pieces = [
    ":", ": ", "- ", "\n", "\t", "  ", "{", "}", "[", "]", "\"", "'", "#", "&a ", "*a", "!", "!!str ", "|\n",
    ">-\n",
    "%", "@", "`", "${", "${LDAP_PASSWORD}", "$${", "~", "null", "true", "\u{0}", "\u{7}", "\u{FEFF}", "ü",
    "日本",
    "\\", "---\n", "...\n", "<<: ", "? ", ",", "=", "0", "-1", "\r", "\r\n", "\u{2028}", "🙂", "e\u{301}",
  ]

  private func mutate(_ text: String, with generator: inout Generator) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      let place = Int.random(in: 0...scalars.count, using: &generator)
      let end = min(scalars.count, place + Int.random(in: 0...12, using: &generator))
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: scalars.removeSubrange(place..<end)
      case 1:
        scalars.insert(contentsOf: Self.pieces.randomElement(using: &generator)!.unicodeScalars, at: place)
      case 2:
        scalars.insert(
          contentsOf: scalars[place..<end], at: Int.random(in: 0...scalars.count, using: &generator))
      case 3:
        scalars.replaceSubrange(
          place..<end, with: Self.pieces.randomElement(using: &generator)!.unicodeScalars)
      case 4: scalars.removeSubrange(place...)
      default: scalars = swapLines(scalars, with: &generator)
      }
    }
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars)
    return text
  }

  private func swapLines(_ scalars: [Unicode.Scalar], with generator: inout Generator) -> [Unicode.Scalar] {
    var lines = scalars.split(separator: "\n", omittingEmptySubsequences: false)
    lines.swapAt(
      Int.random(in: 0..<lines.count, using: &generator), Int.random(in: 0..<lines.count, using: &generator))
    return Array(lines.joined(separator: ["\n"]))
  }

  @Test(arguments: 0..<4)
  func mutatedFilesParseOrSayWhere(seed: Int) {
    var generator = Generator(state: UInt64(seed))
    var parsed = 0
    for round in 0..<1_000 {
      let original = round % 2 == 0 ? ConfigurationSample.full : ConfigurationSample.other
      let text = mutate(original, with: &generator)
      let lines = text.unicodeScalars.count { $0 == "\n" || $0 == "\r" || $0 == "\u{2028}" } + 1
      do throws(ConfigurationError) {
        let read = try ConfigurationSample.parse(text, file: "/etc/rollcall/fuzz.yaml")
        parsed += 1
        #expect(!String(describing: read).contains("file-secret"))
      } catch {
        #expect(!error.problems.isEmpty)
        for problem in error.problems {
          let mark = problem.mark ?? .init(line: 0, column: 0)
          #expect((1...lines).contains(mark.line) && mark.column >= 1, "\(problem)")
          #expect(!problem.description.contains("env-secret") && !problem.description.contains("file-secret"))
        }
      }
    }
    // Neither outcome is rare, or the mutations prove nothing.
    #expect((50...950).contains(parsed))
  }

  @Test func textsOfAFewCharactersParseOrSayWhere() {
    var generator = Generator(state: 99)
    for _ in 0..<1_000 {
      let count = Int.random(in: 0...6, using: &generator)
      let text = (0..<count).map { _ in Self.pieces.randomElement(using: &generator)! }.joined()
      let problems = ConfigurationSample.problems(text)
      #expect(
        !problems.isEmpty && problems.allSatisfy { $0.hasPrefix("rollcall.yaml:") },
        "\(text.debugDescription)")
    }
  }
}
