import Testing

/// The files that this program is built from.
enum Repository {
  static let root = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")

  static func text(of path: String) throws -> String { try Readable.text(of: "\(root)/\(path)") }

  /// Runs make there, which must succeed.
  @discardableResult
  static func make(_ words: String, location: SourceLocation = #_sourceLocation) async throws -> String {
    let ran = try await Rollcall.shell("make -C \(root) -s --no-print-directory \(words)")
    #expect(ran.code == 0, "\(ran.words)", sourceLocation: location)
    return ran.output
  }
}
