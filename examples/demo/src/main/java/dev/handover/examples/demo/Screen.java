package dev.handover.examples.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Draws a picture as lines of text, none wider than the terminal. Pure. */
final class Screen {
    private static final int BAR_WIDTH = 30;
    private static final int MIN_WIDTH = 20;

    private final int width;
    private final boolean color;

    /**
     * For a terminal of this size.
     *
     * @param width columns; fewer than 20 are taken as 20
     * @param color whether to use colours at all
     */
    Screen(int width, boolean color) {
        this.width = Math.max(MIN_WIDTH, width);
        this.color = color;
    }

    /** The colours that we use, as SGR codes. */
    private enum Style {
        PLAIN(""),
        BOLD("1"),
        DIM("2"),
        GOOD("32"),
        WARN("33"),
        BAD("31");

        private final String code;

        Style(String code) {
            this.code = code;
        }
    }

    List<String> draw(Progress.Frame frame) {
        Optional<NodeInfo> leader = Observer.leader(frame.infos());
        List<String> lines = new ArrayList<>();
        lines.add(line(Style.BOLD, bar(frame) + "  " + frame.phase()));
        for (int i = 0; i < frame.ids().size(); i++) {
            lines.add(node(frame.ids().get(i), frame.infos().get(i), leader));
        }
        lines.add(line(
                leader.isPresent() ? Style.PLAIN : Style.WARN,
                leader.map(info -> String.format(
                                Locale.ROOT,
                                "leader %s   epoch %d   in sync {%s}",
                                info.node(),
                                info.epoch(),
                                String.join(",", info.inSync())))
                        .orElse("no leader")));
        lines.add(line(
                Style.PLAIN,
                String.format(
                        Locale.ROOT, "%,d writes acknowledged   %,d/s", frame.acknowledged(), frame.perSecond())));
        lines.add(line(
                Style.PLAIN,
                "last take-over " + millis(frame.takeOverNanos()) + "   client gap " + millis(frame.gapNanos()) + "   "
                        + String.format(Locale.ROOT, "%.0f s", frame.elapsedNanos() / 1e9)));
        return lines;
    }

    private String bar(Progress.Frame frame) {
        int cells = Math.min(BAR_WIDTH, Math.max(5, width / 3));
        int full = frame.rounds() == 0 ? cells : cells * frame.roundsDone() / frame.rounds();
        return "[" + "#".repeat(full) + "-".repeat(cells - full) + "] " + frame.roundsDone() + "/" + frame.rounds();
    }

    private String node(String id, Optional<NodeInfo> info, Optional<NodeInfo> leader) {
        if (info.isEmpty()) {
            return line(Style.BAD, "  " + id + "  down");
        }
        NodeInfo node = info.get();
        boolean inSync = leader.map(l -> l.inSync().contains(id)).orElse(false);
        Style style = node.serves() ? Style.GOOD : inSync ? Style.PLAIN : Style.WARN;
        return line(
                style,
                String.format(
                        Locale.ROOT,
                        "  %s  %-11s  epoch %-4d  %-11s  applied %,d",
                        id,
                        node.state().toLowerCase(Locale.ROOT),
                        node.epoch(),
                        inSync ? "in sync" : "not in sync",
                        node.applied()));
    }

    private static String millis(OptionalLong nanos) {
        return nanos.isPresent() ? String.format(Locale.ROOT, "%.1f ms", nanos.getAsLong() / 1e6) : "-";
    }

    /** Cuts the text to the terminal's width first, and colours it then. */
    private String line(Style style, String text) {
        String cut = text.length() > width ? text.substring(0, width) : text;
        return color && !style.code.isEmpty() ? "\u001b[" + style.code + "m" + cut + "\u001b[0m" : cut;
    }
}
