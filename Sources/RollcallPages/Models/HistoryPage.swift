/// `/history`: the journal with its filters, which are in the URL.
package struct HistoryPage: Sendable {
  /// As they stand in the URL; empty texts filter nothing.
  package struct Filter: Sendable {
    package var key = ""
    package var dn = ""
    package var xid = ""
    package var action = ""
    /// A span such as `2h`, or a time.
    package var since = ""

    package init() {}

    package var isEmpty: Bool { key.isEmpty && dn.isEmpty && xid.isEmpty && action.isEmpty && since.isEmpty }
  }

  package var frame: Frame
  package var filter: Filter
  /// All words of the journal's column `action`, for the menu.
  package var actions: [String]
  /// Newest first.
  package var rows: [JournalRow]
  /// The id from which on the next page goes back, as the field `before`; nil where there is none.
  package var before: Int?
  /// Only the rows from there on were searched.
  package var isPart = false
  /// Why the filter cannot be used, as a sentence.
  package var complaint: String?
  /// The oldest row that is kept, of the directory or of all.
  package var oldest: Moment?

  package init(
    _ frame: Frame, filter: Filter = Filter(), actions: [String] = [], rows: [JournalRow] = [], before: Int? = nil,
    complaint: String? = nil, oldest: Moment? = nil
  ) {
    self.frame = frame
    self.filter = filter
    self.actions = actions
    self.rows = rows
    self.before = before
    self.complaint = complaint
    self.oldest = oldest
  }
}
