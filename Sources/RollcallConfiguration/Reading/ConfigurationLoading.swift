internal import YAML

extension Configuration {
  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: the name for messages; other files' relative names are resolved against its folder.
  ///   - environment: the values for `${NAME}`.
  ///   - needsDirectory: false for callers that never connect to it: its secrets are not read, and may be missing.
  package static func load(
    path: String, environment: [String: String], needsDirectory: Bool = true
  ) throws(ConfigurationError) -> Configuration {
    let bytes: [UInt8]
    do throws(UnreadableFile) {
      bytes = try UnreadableFile.read(path)
    } catch {
      throw ConfigurationError([.init(file: path, mark: nil, message: "cannot read it: \(error.reason)")])
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let mark = Mark(line: lineOfInvalidText(bytes), column: 1)
      throw ConfigurationError([.init(file: path, mark: mark, message: "the line is not UTF-8")])
    }
    return try parse(
      text, file: path, environment: environment, needsDirectory: needsDirectory, readFile: UnreadableFile.read,
      exposure: FileExposure.ofFile)
  }

  /// Reads the text of a file.
  ///
  /// - Parameters:
  ///   - file: the name for messages; other files' relative names are resolved against its folder.
  ///   - environment: the values for `${NAME}`.
  ///   - needsDirectory: false for callers that never connect to it.
  ///   - readFile: returns the contents of a file that the text names: password, certificates, key.
  package static func parse(
    _ text: String, file: String, environment: [String: String], needsDirectory: Bool = true,
    readFile: @escaping (String) throws(UnreadableFile) -> [UInt8]
  ) throws(ConfigurationError) -> Configuration {
    try parse(
      text, file: file, environment: environment, needsDirectory: needsDirectory, readFile: readFile,
      exposure: { _ in nil })
  }

  static func parse(
    _ text: String, file: String, environment: [String: String], needsDirectory: Bool,
    readFile: @escaping (String) throws(UnreadableFile) -> [UInt8], exposure: @escaping FileExposure.Look
  ) throws(ConfigurationError) -> Configuration {
    let start = Mark(line: 1, column: 1)
    let reader = ConfigurationReader(
      file: file, environment: environment, needsDirectory: needsDirectory, readFile: readFile, exposure: exposure)
    var configuration: Configuration?
    do throws(YAMLNode.Flaw) {
      let document = try YAMLNode.parse(text) ?? YAMLNode(mark: start, content: .mapping([]))
      if case .mapping(let pairs) = document.content {
        configuration = Configuration(
          ConfigurationSection(pairs, keys: keys, path: "", mark: start, reader: reader))
        configuration?.shown = ShownConfiguration.text(document)
      } else {
        reader.problem(document.mark, "expected a mapping, found \(document.kind)")
      }
    } catch {
      reader.problem(error.mark, error.message)
    }
    guard let configuration, reader.problems.isEmpty else {
      throw ConfigurationError(
        reader.problems.sorted { ($0.mark ?? start, $0.message) < ($1.mark ?? start, $1.message) })
    }
    return configuration
  }

  private static func lineOfInvalidText(_ bytes: [UInt8]) -> Int {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return 1 + (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0)
  }

  private static let keys = [
    "name", "source", "directory", "users", "groups", "removals", "journal", "behind_after", "sweep", "reconcile",
  ]

  /// nil, with the problems recorded, if something is wrong.
  private init?(_ root: ConfigurationSection) {
    let name = Self.name(root)
    let source = Self.required("source", of: root, keys: Source.keys).flatMap { Source($0) }
    let directory = Self.required("directory", of: root, keys: Directory.keys).flatMap { Directory($0) }
    let users = Self.required("users", of: root, keys: Users.keys).flatMap { Users($0) }
    let groups = root.section("groups", keys: Groups.keys).flatMap { Groups($0) }
    let removals = root.section("removals", keys: ["most", "least", "within"])
    let journal = Journal.read(root)
    let behindAfter = root.duration("behind_after", default: .seconds(120))
    let sweep = root.section("sweep", keys: ["every"])?.duration("every", default: .seconds(30))
    let reconcile = root.section("reconcile", keys: ["every"])?.duration("every", default: .seconds(86_400))
    let budget = Removals(
      most: removals?.percent("most", default: .ten) ?? .ten,
      least: removals?.count("least", default: 25) ?? 25,
      within: removals?.duration("within", default: .seconds(86_400)) ?? .seconds(86_400))
    guard let source, let directory, let users else { return nil }
    root.reader.warnOfLiteralSecrets()
    self.init(
      file: root.reader.file, name: name, source: source, directory: directory, users: users, groups: groups,
      removals: budget, journal: journal, behindAfter: behindAfter, sweep: Cycle(every: sweep ?? .seconds(30)),
      reconcile: Cycle(every: reconcile ?? .seconds(86_400)), warnings: root.reader.warnings,
      positions: root.reader.positions)
  }

  private static func required(
    _ key: String, of root: ConfigurationSection, keys: [String]
  ) -> ConfigurationSection? {
    guard root.has(key) else {
      root.missing(key)
      return nil
    }
    return root.section(key, keys: keys)
  }

  private static func name(_ root: ConfigurationSection) -> String {
    guard let name = root.text("name") else { return "main" }
    let isPlain = name.value.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
      default: false
      }
    }
    if !isPlain || name.value.utf8.count > 63 {
      root.reader.problem(
        name.mark,
        "name: \"\(name.shown)\" must consist of at most 63 letters, digits, \"-\", \"_\" and \".\"")
    }
    return name.value
  }
}
