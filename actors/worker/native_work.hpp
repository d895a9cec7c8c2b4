#pragma once
// NativeWork: what a native back end does with requests, by the kind of its model. One thread calls everything.

#include <filesystem>
#include <memory>

#include "actors/worker/backend.hpp"

namespace troupe::worker {

class NativeWork {
 public:
  virtual ~NativeWork() = default;

  virtual Status warm_up() = 0;
  /// Tokens that a full step has for one of the warm-up's.
  virtual int64_t full_step() const = 0;
  virtual protocol::ModelInterface interface() const = 0;

  /// Answered by events, at once or by later steps. Where it fails there is no event.
  virtual Status submit(const WorkItem& item) = 0;
  /// No event for it comes any more.
  virtual void drop(WorkId id) = 0;
  virtual void credit(WorkId id, uint64_t bytes) = 0;

  /// Computes a step over everything inside.
  virtual void step() = 0;
  virtual bool idle() const = 0;
};

/// A model that generates text: serves Generate and Tokenize. `folder` as gpu::TextEngine::load takes it; chat
/// templates that write the date have it of `clock`.
Result<std::unique_ptr<NativeWork>> make_text_work(const std::filesystem::path& folder,
                                                   const protocol::EngineSpec& spec, const Clock& clock,
                                                   BackendEvents& events);

/// A model that makes vectors or scores: serves Embed, Infer (texts as BYTES in, rows of FP32 out) and Tokenize.
/// `folder` as gpu::EncoderEngine::load takes it. Scores of pairs from a model that has vectors alone are the cosines
/// between the two texts' vectors.
Result<std::unique_ptr<NativeWork>> make_encoder_work(const std::filesystem::path& folder,
                                                      const protocol::EngineSpec& spec, const Clock& clock,
                                                      BackendEvents& events);

}  // namespace troupe::worker
