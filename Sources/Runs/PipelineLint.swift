package import Definitions
internal import ExtractXML
internal import Records
internal import Transform

/// All that is wrong in feeds, with what their readers say.
package enum PipelineLint {
  package struct Report: Sendable {
    package var feeds: [String]
    package var faults: [DefinitionFault]
  }

  /// Looks at the definitions of a folder.
  ///
  /// - Parameter names: feeds to look at; empty: all. Faults that stand in no feed's own files are always told.
  package static func report(_ folder: String, names: [String]) -> Report {
    do throws(DefinitionFaults) {
      let definitions = try Definitions.load(folder)
      let all = definitions.feeds.keys.sorted()
      let wanted = names.isEmpty ? all : names
      var report = Report(feeds: wanted, faults: [])
      for name in wanted {
        guard let feed = definitions.feeds[name] else {
          report.faults.append(
            DefinitionFault(
              file: "Pipelines/\(name).yaml", message: "there is no feed «\(name)»",
              mend: "the feeds are \(all.joined(separator: ", "))"))
          continue
        }
        if case .xmlRows(let layout) = feed.reading, let schema = definitions.plans[name]?.schema {
          report.faults += XMLRowsReader.faults(of: layout, in: schema).map {
            DefinitionFault(file: "Pipelines/\(name).yaml", message: $0)
          }
        }
        do throws(DefinitionFaults) { _ = try definitions.cases(of: feed) } catch { report.faults += error.faults }
      }
      return report
    } catch {
      let faults = error.faults.filter { fault in
        guard !names.isEmpty, fault.file.hasPrefix("Pipelines/") else { return true }
        return names.contains { fault.file.hasPrefix("Pipelines/\($0).") }
      }
      return Report(feeds: names, faults: faults)
    }
  }
}
