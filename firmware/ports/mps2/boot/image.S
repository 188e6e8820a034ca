/* The linked boot stage (port.mk), for the program that the emulator loads. */
    .section .boot, "a"
    .incbin "boot.bin"
