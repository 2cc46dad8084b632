package dev.handover.ops;

import java.util.Collection;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Writes a snapshot as JSON (RFC 8259). What HTML or JavaScript could take for something else is written as an escape. */
final class OpsJson {
    private final StringBuilder out = new StringBuilder(4096);
    private boolean first = true;

    private OpsJson() {}

    static String write(OpsSnapshot snapshot) {
        OpsJson json = new OpsJson();
        json.object(() -> json.snapshot(snapshot));
        return json.out.toString();
    }

    private void snapshot(OpsSnapshot snapshot) {
        text("at", snapshot.at().toString());
        text("node", snapshot.node());
        number("version", snapshot.version());
        each("groups", snapshot.groups(), this::group);
        each("elections", snapshot.elections(), election -> {
            text("name", election.name());
            text("state", election.state());
            text("leader", election.leader());
            number("epoch", election.epoch());
            text("detail", election.detail());
        });
        each("timeline", snapshot.timeline(), event -> {
            number("sequence", event.sequence());
            text("at", event.at().toString());
            word("level", event.level());
            text("kind", event.kind());
            text("subject", event.subject());
            text("text", event.text());
            number("millis", event.millis());
        });
        each("items", snapshot.items(), item -> {
            text("kind", item.kind());
            text("name", item.name());
            word("level", item.level());
            text("state", item.state());
            name("figures");
            object(() -> item.figures().forEach(this::number));
        });
        each("actions", snapshot.actions(), action -> {
            text("name", action.name());
            text("subject", action.subject());
            texts("targets", action.targets());
            text("help", action.help());
        });
    }

    private void group(OpsGroup group) {
        text("group", group.group());
        word("level", group.level());
        word("role", group.role());
        number("epoch", group.epoch());
        text("leader", group.leader());
        texts("inSync", group.inSync());
        texts("missing", group.missing());
        number("minInSync", group.minInSync());
        word("redundancy", group.redundancy());
        number("lastIndex", group.lastIndex());
        number("commitIndex", group.commitIndex());
        number("appliedIndex", group.appliedIndex());
        number("lag", group.lag());
        each("followers", group.followers(), follower -> {
            text("node", follower.node());
            flag("inSync", follower.inSync());
            flag("reachable", follower.reachable());
            number("lag", follower.lag());
        });
        number("commitsPerSecond", group.commitsPerSecond());
        numbers("commitRates", group.commitRates());
        numbers("lags", group.lags());
        flag("storeReachable", group.storeReachable());
        text("fault", group.fault());
    }

    private void name(String name) {
        comma();
        quoted(name);
        out.append(':');
        first = true;
    }

    private void comma() {
        if (!first) {
            out.append(',');
        }
        first = false;
    }

    private void object(Runnable content) {
        comma();
        out.append('{');
        first = true;
        content.run();
        out.append('}');
        first = false;
    }

    private <T> void each(String name, Collection<T> values, Consumer<T> content) {
        name(name);
        array(() -> values.forEach(value -> object(() -> content.accept(value))));
    }

    private void array(Runnable content) {
        out.append('[');
        first = true;
        content.run();
        out.append(']');
        first = false;
    }

    private void texts(String name, Collection<String> values) {
        name(name);
        array(() -> values.forEach(value -> {
            comma();
            quoted(value);
        }));
    }

    private void numbers(String name, Collection<Double> values) {
        name(name);
        array(() -> values.forEach(value -> {
            comma();
            out.append(plain(value));
        }));
    }

    private void word(String name, @Nullable Enum<?> value) {
        text(name, value == null ? null : value.name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }

    private void text(String name, @Nullable String value) {
        name(name);
        comma();
        if (value == null) {
            out.append("null");
        } else {
            quoted(value);
        }
    }

    private void flag(String name, boolean value) {
        name(name);
        comma();
        out.append(value);
    }

    private void number(String name, long value) {
        name(name);
        comma();
        out.append(value);
    }

    private void number(String name, @Nullable Double value) {
        name(name);
        comma();
        out.append(value == null ? "null" : plain(value));
    }

    private static String plain(double value) {
        return Double.isFinite(value) ? Double.toString(Math.rint(value * 1000) / 1000) : "null";
    }

    private void quoted(String value) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' || c == '\'') {
                out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
