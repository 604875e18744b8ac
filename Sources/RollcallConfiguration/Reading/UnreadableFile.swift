internal import FoundationEssentials

/// Why a file could not be read.
package struct UnreadableFile: Error, Hashable, Sendable {
  /// For a message: `no such file`.
  package var reason: String

  package init(reason: String) {
    self.reason = reason
  }

  /// Reads a whole file.
  package static func read(_ path: String) throws(UnreadableFile) -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch let error as CocoaError {
      switch error.code {
      case .fileReadNoSuchFile, .fileNoSuchFile: throw UnreadableFile(reason: "no such file")
      case .fileReadNoPermission: throw UnreadableFile(reason: "permission denied")
      default: throw UnreadableFile(reason: "not a file that can be read")
      }
    } catch {
      throw UnreadableFile(reason: "not a file that can be read")
    }
  }
}
