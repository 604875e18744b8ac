import Foundation
import Testing

@testable import RollcallPages

/// Writes all pages to `.build/pages`, to be looked at.
@Suite struct GalleryTests {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  @Test func allPagesCanBeLookedAt() throws {
    let folder = URL(filePath: Self.root + "/.build/pages")
    for asset in Asset.all {
      let file = folder.appending(path: asset.path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(asset.body).write(to: file)
    }
    for page in Gallery.pages {
      #expect(page.html.hasPrefix("<!DOCTYPE html>\n"))
      // Under a folder, not at the root of a server.
      try Data(page.html.replacing("\"/assets/", with: "\"assets/").utf8).write(
        to: folder.appending(path: "\(page.name).html"))
    }
  }

  /// Two hundred held people, or fifty directories, are no reason to wait.
  @Test func noPageIsLong() {
    for page in Gallery.pages { #expect(page.html.utf8.count < 200_000, "\(page.name): \(page.html.utf8.count)") }
  }
}
