package dev.handover.ops;

import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** An action and what does it: called with the target that was chosen, null for none; says in words what was done, or fails. */
record OpsHandler(OpsAction action, Function<@Nullable String, CompletionStage<String>> run) {}
