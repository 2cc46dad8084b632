package dev.handover.ops;

import dev.handover.leadership.Pausable;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What operators may do to a leadership that can be paused: their pause is one, whoever of them asks. */
final class OpsPauses {
    private static final String OWNER = "operator";
    private static final String SHORT = "10m";
    private static final Map<String, Duration> TIMES =
            Map.of(SHORT, Duration.ofMinutes(10), "1h", Duration.ofHours(1), "8h", Duration.ofHours(8));
    private static final List<String> NAMES = TIMES.entrySet().stream()
            .sorted(Map.Entry.comparingByValue())
            .map(Map.Entry::getKey)
            .toList();

    private OpsPauses() {}

    static List<OpsHandler> of(String name, Pausable source) {
        OpsHandler pause = new OpsHandler(
                new OpsAction("pause", name, NAMES, "lets nobody lead for so long; 10m if nothing is chosen"),
                target -> pause(source, target));
        OpsHandler resume = new OpsHandler(
                new OpsAction("resume", name, List.of(), "ends the pause of the operators"),
                target -> source.resume(OWNER).thenApply(done -> "the pause has ended"));
        return source.paused().isEmpty() ? List.of(pause) : List.of(pause, resume);
    }

    private static CompletionStage<String> pause(Pausable source, @Nullable String target) {
        Instant end = Instant.now()
                .plus(Objects.requireNonNull(TIMES.get(target == null ? SHORT : target), "one of the targets"));
        return source.pause(OWNER, "asked for by an operator", end).thenApply(done -> "nobody leads until " + end);
    }
}
