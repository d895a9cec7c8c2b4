#include "cluster/head/experiment_historian.hpp"

#include "actors/experiment/analysis/factor_effects.hpp"
#include "actors/experiment/analysis/history.hpp"
#include "actors/experiment/analysis/segment_analysis.hpp"
#include "actors/experiment/report/effects_document.hpp"
#include "actors/experiment/report/history_document.hpp"
#include "actors/experiment/report/report.hpp"
#include "actors/experiment/report/segments_document.hpp"
#include "actors/experiment/shard/shard_actor.hpp"

namespace troupe::cluster {

ExperimentHistorian::ExperimentHistorian(actor::Context& context, actor::Ref shard)
    : Actor(context), shard_(std::move(shard)) {
  on<TellExperiment>([this](const TellExperiment& wish) { ask(wish); });
}

void ExperimentHistorian::ask(const TellExperiment& wish) {
  if (tellings_ == tellings_max)
    return wish.done(fail(Errc::overloaded, "{} histories are being told; ask again later", tellings_max));
  ++tellings_;
  const bool with_parts = wish.as == ExperimentTelling::report || wish.as == ExperimentTelling::segments;
  context().call(shard_, experiment::GetRows{wish.record.number, with_parts},
                 {.deadline = context().now() + std::chrono::seconds{10}},
                 [this, wish](const actor::ReplyEvent& event) {
                   --tellings_;
                   if (const auto* const rows = event.body.get<experiment::ExperimentRows>())
                     return tell(wish, rows->rows);
                   wish.done(event.error ? Result<std::string>(fail(*event.error))
                                         : fail(Errc::internal, "the experiment's numbers could not be had"));
                 });
}

void ExperimentHistorian::tell(const TellExperiment& wish, const experiment::Aggregates& rows) {
  if (wish.as == ExperimentTelling::effects)
    return wish.done(document_of(wish.record, factor_effects_of(wish.record, rows)));
  const WallTime now = context().wall();
  if (wish.as == ExperimentTelling::segments)
    return wish.done(document_of(wish.record, segment_analysis_of(wish.record, rows, now)));
  const experiment::History history = history_of(wish.record, rows, now);
  wish.done(wish.as == ExperimentTelling::report
                ? report_html(wish.record, wish.document, history, factor_effects_of(wish.record, rows),
                              segment_analysis_of(wish.record, rows, now))
                : document_of(wish.record, history));
}

}  // namespace troupe::cluster
