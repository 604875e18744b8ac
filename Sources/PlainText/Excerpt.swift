/// How many characters of text from outside are shown: rows, directories and databases determine its length.
public enum Excerpt {
  /// Of a value.
  public static let value = 200
  /// Of a server's own message.
  public static let message = 1000
  /// Of a sentence with everything in it.
  public static let sentence = 2000
}

extension String {
  /// The text, or its beginning and its length: `abc… (52428800 characters)`.
  ///
  /// Unicode scalars are counted: a single visible character may consist of millions of them.
  public func excerpt(_ most: Int = Excerpt.value) -> String {
    if utf8.count <= most { return self }
    let scalars = unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: most, limitedBy: scalars.endIndex),
      end < scalars.endIndex
    else { return self }
    return String(scalars[..<end]) + "… (\(scalars.count) characters)"
  }
}
