package dev.handover.examples.kv;

/** A kv-server that carries {@link SideGroups} as well. */
public final class SideMain {
    private SideMain() {}

    public static void main(String[] arguments) {
        KvMain.run(arguments, SideGroups::join);
    }
}
